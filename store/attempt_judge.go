package store

import "time"

// CounterState is the content of a counter's slot: how many attempts have failed or are still
// undecided. It is the zero value when the slot is empty or belongs to another counter.
type CounterState struct {
	Failures int
	LastAt   time.Time // of the latest attempt
	NextAt   time.Time // attempts before this are refused
}

// AttemptState is what the store knows about an attempt when the attempt arrives.
type AttemptState struct {
	Here, Anywhere CounterState
	Known          bool // the account has signed in from this place since Attempt.Known.Since
	Full           bool // the ceiling is reached
}

// Judge decides whether an attempt may go on: it is the rule of [Attempts.BeginLogin]. It returns
// the counters as they are after the attempt. If the attempt is refused, adm.RetryAt is set and the
// counters are unchanged. SQLite calls Judge; PostgreSQL has the same rule in one statement, and
// the suite compares the two.
func (a Attempt) Judge(is AttemptState) (after AttemptState, adm Admission) {
	var next time.Time
	refuse := func(until time.Time) {
		if until.After(next) {
			next = until
		}
		adm.RetryAt = a.Retry(next)
	}
	if is.Here.refuses(a.At) {
		refuse(is.Here.NextAt)
	}
	if is.Anywhere.refuses(a.At) && !is.Known {
		refuse(is.Anywhere.NextAt)
	}
	if is.Full && !is.Known {
		adm.Ceiling = true
		refuse(a.Ceiling.Until)
	}
	if !adm.RetryAt.IsZero() {
		return is, adm
	}
	is.Here, is.Anywhere = a.Here.count(is.Here, a.At), a.Anywhere.count(is.Anywhere, a.At)
	return is, adm
}

// refuses reports whether an attempt at an instant comes before the delay is over. A counter
// without failures or without a delay refuses nobody, even if its instants come from a clock that
// is ahead.
func (is CounterState) refuses(at time.Time) bool {
	return is.Failures > 0 && is.NextAt.After(at) && is.NextAt.After(is.LastAt)
}

// count returns the counter's state after one more attempt. It starts again at one when the latest
// delay ended at least c.Quiet ago.
func (c Counter) count(is CounterState, at time.Time) CounterState {
	failures := 1
	if is.NextAt.After(at.Add(-c.Quiet)) {
		failures = is.Failures + 1
	}
	return CounterState{Failures: failures, LastAt: at, NextAt: at.Add(c.Delay(failures))}
}

// Delay returns how long the next attempt must wait after this number of failures.
func (c Counter) Delay(failures int) time.Duration {
	if failures == 0 {
		return 0
	}
	return c.Delays[min(failures, len(c.Delays))-1]
}

// Retry returns when to try again after a refused attempt: at next, but at least one second after
// the attempt. next may have passed already when concurrent attempts changed the counter.
func (a Attempt) Retry(next time.Time) time.Time {
	if soon := a.At.Add(time.Second); next.Before(soon) {
		return soon
	}
	return next
}
