package cmd_test

import (
	"fmt"
	"sync"
	"testing"
)

// guests are those that stay while something happens.
type guests struct {
	all     []*guest
	stop    chan struct{}
	staying sync.WaitGroup
}

// newGuests signs guests in and has them stay.
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

// add has one more guest stay, who is signed in.
func (c *guests) add(v *guest) {
	c.all = append(c.all, v)
	c.staying.Go(func() { v.stay(c.stop) })
}

// served waits until every guest that is signed in has got new tokens twice more.
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

// leave ends the stay, and wants every session to be alive still; but for those that were
// told one of these codes.
func (c *guests) leave(t testing.TB, excused ...string) {
	t.Helper()
	close(c.stop)
	c.staying.Wait()
	for _, v := range c.all {
		v.wantsToBeSignedIn(t, excused...)
	}
}
