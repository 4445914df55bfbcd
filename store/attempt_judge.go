package store

import "time"

// CounterState is what the slot of a counter holds: the attempts that have failed, or that nobody
// has judged yet. It is zero when the slot is another counter's, or nobody's.
type CounterState struct {
	Failures int
	LastAt   time.Time // of the latest attempt
	NextAt   time.Time // attempts before this are refused
}

// AttemptState is what the store holds for an attempt when it comes.
type AttemptState struct {
	Here, Anywhere CounterState
	Known          bool // the account has signed in from this place since Known.Since
	Full           bool // as many sign-ins have failed as the ceiling allows
}

// Judge is the rule of [SignIns.BeginLogin]. It returns what the counters hold after the attempt, or,
// with RetryAt set, that it is refused, and then they stay as they were. SQLite calls it; PostgreSQL
// has it in one statement, and the suite compares the two.
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

// refuses reports whether an attempt comes before the delay is over. A state without failures, or
// without a delay, refuses nobody: its instants may come from a clock that is ahead.
func (is CounterState) refuses(at time.Time) bool {
	return is.Failures > 0 && is.NextAt.After(at) && is.NextAt.After(is.LastAt)
}

// count adds an attempt. Counting begins anew when the latest delay was over for c.Quiet.
func (c Counter) count(is CounterState, at time.Time) CounterState {
	failures := 1
	if is.NextAt.After(at.Add(-c.Quiet)) {
		failures = is.Failures + 1
	}
	return CounterState{Failures: failures, LastAt: at, NextAt: at.Add(c.Delay(failures))}
}

// Delay returns how long the next attempt has to wait after so many failures.
func (c Counter) Delay(failures int) time.Duration {
	if failures == 0 {
		return 0
	}
	return c.Delays[min(failures, len(c.Delays))-1]
}

// Retry is when to try again after an attempt that was refused: next, or in a moment if
// that is over because others came between.
func (a Attempt) Retry(next time.Time) time.Time {
	if soon := a.At.Add(time.Second); next.Before(soon) {
		return soon
	}
	return next
}
