package authn

import (
	"fmt"
	"sync/atomic"
	"time"
)

// How far this process's clock and the database's may be apart. What must be the same at
// all servers is judged by the database's clock; when a token expires each server judges by
// its own.
const (
	clockWarns  = 5 * time.Second
	clockRefuse = 30 * time.Second
)

// clockDifference is how far this process's clock is ahead of the database's, at least.
type clockDifference struct{ latest atomic.Pointer[time.Duration] } // nil when nothing was read yet

// compare takes in the database's clock, which was read between two instants of ours. What
// the round trip can explain is no difference.
func (c *clockDifference) compare(before, database, after time.Time) {
	if database.IsZero() {
		return // it did not say
	}
	var ahead time.Duration
	before, after = before.Round(0), after.Round(0) // what the clock shows, whether it was set meanwhile or not
	switch {
	case database.Before(before):
		ahead = before.Sub(database)
	case database.After(after):
		ahead = after.Sub(database)
	}
	c.latest.Store(&ahead)
}

// ClockDifference returns how far this process's clock is ahead of the database's (behind
// it, if negative), as far as that is certain: the round trip is taken off. It reports false
// when the feed of revocations was not read yet.
func (c *Cluster) ClockDifference() (time.Duration, bool) {
	ahead := c.clocks.latest.Load()
	if ahead == nil {
		return 0, false
	}
	return *ahead, true
}

// CheckClock returns an error with [CodeUnavailable] when this process's clock and the
// database's are more than 30 seconds apart.
func (c *Cluster) CheckClock() error {
	if ahead, _ := c.ClockDifference(); ahead.Abs() > clockRefuse {
		return &Error{Code: CodeUnavailable, Message: clockMessage(ahead), RetryAfter: time.Second}
	}
	return nil
}

func clockMessage(ahead time.Duration) string {
	side := "ahead of"
	if ahead < 0 {
		side = "behind"
	}
	return fmt.Sprintf("this server's clock is %s %s the database's, set both by NTP", ahead.Abs().Round(time.Second), side)
}

// compareClocks tells when the clocks begin to differ, and when they agree again.
func (f *follower) compareClocks() {
	ahead, _ := f.cluster.ClockDifference()
	switch differ := ahead.Abs() > clockWarns; {
	case differ && !f.differs:
		f.differs = true
		f.notice(ClockDiffers, fmt.Errorf("%s", clockMessage(ahead)))
	case !differ && f.differs:
		f.differs = false
		f.notice(ClockAgrees, nil)
	}
}
