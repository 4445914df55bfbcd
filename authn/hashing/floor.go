package hashing

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"
)

const (
	maxFloor = 20 * time.Second // less than a client has for its answer
	maxHeld  = 4096             // refusals that are delayed at once; each keeps a connection
)

// floor is the minimum time of a refused sign-in, from when its hash began: as long as its password
// takes for the account with the costliest stored hash. Without a floor, a slower refusal would tell that an
// account exists. While all stored hashes have the configured cost the floor is 0. Times are of one try:
// the password, and not the account, says how many there are.
type floor struct {
	sleep func(context.Context, time.Duration)
	over  chan struct{} // closed by end
	once  sync.Once

	mu     sync.Mutex
	kinds  map[string]kind // the costliest stored hash, by algorithm
	held   int             // refusals that are being delayed
	survey time.Time       // when the stored hashes were last read; zero for never
}

// sample is what the floor knows a stored hash by.
type sample struct {
	algorithm string             // with what the program does before it hashes, see [foreign.Hash.Family]
	effort    int64              // in the algorithm's own measure
	tries     func(Password) int // hashes that a failed check computes
}

// most returns how many tries a failed check has, or hashes that are wasted after it, if those are more.
func (s sample) most(p Password) int { return max(s.tries(p), len(p.Texts())) }

// one returns the time of one try, with one hash that is wasted after it.
func (s sample) one(p Password, took Took) time.Duration {
	return (took.Run-took.aside)/time.Duration(s.tries(p)) + took.aside/time.Duration(len(p.Texts()))
}

// kind is what is known about the costliest stored hash of an algorithm.
type kind struct {
	sample
	least  time.Duration // time of a failed try with the longest password
	took   time.Duration // the same under the recent load
	gauged bool          // least was measured by Survey, not at a sign-in
}

// newFloor makes a floor whose delays use sleep, or a timer when it is nil.
func newFloor(sleep func(context.Context, time.Duration)) *floor {
	f := &floor{sleep: sleep, kinds: map[string]kind{}, over: make(chan struct{})}
	if f.sleep == nil {
		f.sleep = f.pause
	}
	return f
}

// inherit copies the times of another floor. It does not copy when stored hashes were last read: the
// configured cost may have changed, so they are read again.
func (f *floor) inherit(before *floor) {
	before.mu.Lock()
	defer before.mu.Unlock()
	f.kinds = maps.Clone(before.kinds)
}

// height returns the minimum time of a refusal of a password; 0 for none.
func (f *floor) height(p Password) (d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range f.kinds {
		d = max(d, k.took*time.Duration(k.most(p)))
	}
	return min(d, maxFloor)
}

// learn records how long a failed check took. A costlier hash than the known one raises the floor for the next
// refusals. A longer time of the known one, under load, raises it too and then fades.
func (f *floor) learn(s sample, p Password, took Took) {
	one := s.one(p, took)
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.kinds[s.algorithm]
	switch {
	case s.effort > k.effort:
		k = kind{sample: s, least: one, took: one}
	case one > k.took:
		k.took = one
	case s.effort == k.effort:
		k.took = max(k.least, k.took-(k.took-one)/8)
	}
	f.kinds[s.algorithm] = k
}

// set replaces what is known about an algorithm's costliest hash.
func (f *floor) set(k kind) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kinds[k.algorithm] = k
}

// gauged reports whether Survey has measured a hash of that effort.
func (f *floor) gauged(algorithm string, effort int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.kinds[algorithm]
	return k.gauged && k.effort == effort
}

// surveyed drops the algorithms of which no hash is stored, and notes when the stored hashes were read.
func (f *floor) surveyed(at time.Time, stored func(algorithm string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.kinds, func(algorithm string, _ kind) bool { return !stored(algorithm) })
	f.survey = at
}

// lastSurvey returns when the stored hashes were last read; zero for never.
func (f *floor) lastSurvey() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.survey
}

// full returns [*Overloaded] when too many refusals are being delayed to add another.
func (f *floor) full() error {
	height := f.height(Password{})
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held < maxHeld {
		return nil
	}
	return tooLong(height)
}

// hold waits until the floor has passed since the hash began. It takes no queue slot and no memory. It ends
// early when ctx is cancelled, because the client hung up. A deadline of ctx does not end it: the deadline
// would come sooner for some names than for others.
func (f *floor) hold(ctx context.Context, p Password, since, now time.Time) {
	rest := f.height(p) - now.Sub(since)
	if rest <= 0 {
		return
	}
	f.mu.Lock()
	f.held++
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.held--
		f.mu.Unlock()
	}()
	f.sleep(ctx, rest)
}

// holding returns how many refusals are being delayed.
func (f *floor) holding() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.held
}

// pause sleeps for d. It ends early when ctx is cancelled, and at end.
func (f *floor) pause(ctx context.Context, d time.Duration) {
	gone := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			close(gone)
		}
	})
	defer stop()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-gone:
	case <-f.over:
	}
}

// end ends all delays at once, also those to come.
func (f *floor) end() { f.once.Do(func() { close(f.over) }) }
