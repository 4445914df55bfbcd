package cmd_test

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// guests are clients that stay signed in during a fault.
type guests struct {
	all     []*guest
	stop    chan struct{}
	staying sync.WaitGroup
	pause   time.Duration // after each answer
}

// newGuests signs clients in and keeps them refreshing.
func newGuests(t testing.TB, p *process, n int) *guests {
	t.Helper()
	return signIn(t, p, n, impatient, 20*time.Millisecond)
}

// newBusyGuests is newGuests without pauses. So the database carries out their refreshes in batches,
// which it requires.
func newBusyGuests(t testing.TB, p *process, n int, patience time.Duration) *guests {
	t.Helper()
	c := signIn(t, p, n, patience, 0)
	c.served(t)
	p.refreshesInBatches(t)
	return c
}

func signIn(t testing.TB, p *process, n int, patience, pause time.Duration) *guests {
	t.Helper()
	c := &guests{stop: make(chan struct{}), pause: pause}
	for i := range n {
		v := newGuest(p, fmt.Sprintf("guest-%d", i))
		v.Timeout = patience
		v.join(t)
		c.add(v)
	}
	return c
}

// add adds one more signed-in client.
func (c *guests) add(v *guest) {
	c.all = append(c.all, v)
	c.staying.Go(func() { v.stay(c.stop, c.pause) })
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
