package cmd_test

import (
	"fmt"
	"sync"
	"testing"
)

// guests are clients that stay signed in during a fault.
type guests struct {
	all     []*guest
	stop    chan struct{}
	staying sync.WaitGroup
}

// newGuests signs clients in and keeps them refreshing.
func newGuests(t testing.TB, p *process, n int) *guests {
	t.Helper()
	c := &guests{stop: make(chan struct{})}
	for i := range n {
		v := newGuest(p, fmt.Sprintf("guest-%d", i))
		v.join(t)
		c.add(v)
	}
	return c
}

// add adds one more signed-in client.
func (c *guests) add(v *guest) {
	c.all = append(c.all, v)
	c.staying.Go(func() { v.stay(c.stop) })
}

// served waits until every signed-in client has received new tokens twice more.
func (c *guests) served(t testing.TB) {
	t.Helper()
	before := make([]int64, len(c.all))
	for i, v := range c.all {
		before[i] = v.answers.Load()
	}
	eventually(t, func() bool {
		for i, v := range c.all {
			if v.signedOut.Load() == nil && v.answers.Load() < before[i]+2 {
				return false
			}
		}
		return true
	})
}

// leave stops the clients. Every session must be alive, except those that were refused with
// one of these codes.
func (c *guests) leave(t testing.TB, excused ...string) {
	t.Helper()
	close(c.stop)
	c.staying.Wait()
	for _, v := range c.all {
		v.wantsToBeSignedIn(t, excused...)
	}
}
