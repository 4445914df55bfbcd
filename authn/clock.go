package authn

import (
	"fmt"
	"sync/atomic"
	"time"
)

// The limits on the difference between this process's clock and the database's. The
// database's clock decides what must be the same on all servers. Each server's own clock
// decides when a token expires.
const (
	clockWarns  = 5 * time.Second
	clockRefuse = 30 * time.Second
)

// clockDifference is the min by which this process's clock is ahead of the database's.
type clockDifference struct{ latest atomic.Pointer[time.Duration] } // nil when nothing was read yet

// compare records a reading of the database's clock between two instants of this process. The time
// of the round trip does not count as difference.
func (c *clockDifference) compare(before, database, after time.Time) {
	if database.IsZero() {
		return // the store gave no time
	}
	var ahead time.Duration
	before, after = before.Round(0), after.Round(0) // drop the monotonic readings: the wall clock counts
	switch {
	case database.Before(before):
		ahead = before.Sub(database)
	case database.After(after):
		ahead = after.Sub(database)
	}
	c.latest.Store(&ahead)
}

// ClockDifference returns how far this process's clock is ahead of the database's; negative if
// behind. It subtracts the round trip, so it is the certain part of the difference. It reports
// false before the first reading of the revocation feed.
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

// compareClocks reports when the clocks begin to differ and when they agree again.
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
