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
	maxHeld  = 4096             // refusals that are held back at once; each keeps a connection
)

// floor is the least time that a refused sign-in takes, from the moment that its hash begins:
// what a wrong password takes of an account with the costliest hash that is stored. Without it the
// time would tell which names have such a hash, and so that there are such accounts. While
// all hashes are of the configured cost there is none.
type floor struct {
	sleep func(context.Context, time.Duration)
	over  chan struct{} // closed when nobody is to wait any more
	once  sync.Once

	mu     sync.Mutex
	kinds  map[string]kind // the costliest of each algorithm
	held   int
	survey time.Time // when the stored hashes were last read; zero for never
}

// kind is what is known of the costliest stored hash of an algorithm.
type kind struct {
	effort int64         // in the algorithm's own measure
	least  time.Duration // that a failed check takes, with the longest password
	took   time.Duration // the same at times of high load, of late
	gauged bool          // least was computed for this, and not seen at a sign-in
}

// newFloor makes a floor whose delays use sleep, or a timer when it is nil.
func newFloor(sleep func(context.Context, time.Duration)) *floor {
	f := &floor{sleep: sleep, kinds: map[string]kind{}, over: make(chan struct{})}
	if f.sleep == nil {
		f.sleep = f.await
	}
	return f
}

// inherit takes over what another one knows. The database is to be asked again: what was of the
// configured cost may not be now.
func (f *floor) inherit(before *floor) {
	before.mu.Lock()
	defer before.mu.Unlock()
	f.kinds = maps.Clone(before.kinds)
}

// height is how long a refusal takes at least; 0 for no time.
func (f *floor) height() (d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range f.kinds {
		d = max(d, k.took)
	}
	return min(d, maxFloor)
}

// learn takes in how long a failed check took. Of a kind that was not known the next refusals
// take as long; a longer time, under load, is forgotten by and by.
func (f *floor) learn(algorithm string, effort int64, took time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.kinds[algorithm]
	switch {
	case effort > k.effort:
		k = kind{effort: effort, least: took, took: took}
	case took > k.took:
		k.took = took
	case effort == k.effort:
		k.took = max(k.least, k.took-(k.took-took)/8)
	}
	f.kinds[algorithm] = k
}

// set replaces what is known of an algorithm's costliest hash.
func (f *floor) set(algorithm string, k kind) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kinds[algorithm] = k
}

// gauged reports whether it is known how long a hash of that effort takes.
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

// full fails when so many refusals are held back that no other may come to it.
func (f *floor) full() error {
	height := f.height()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held < maxHeld {
		return nil
	}
	return tooLong(height)
}

// hold keeps a refusal until the floor is over since the hash began; it takes no turn to hash
// and no memory but the request's own. A client that hangs up ends it, a deadline does not: that
// would come sooner for some names than for others.
func (f *floor) hold(ctx context.Context, since, now time.Time) {
	rest := f.height() - now.Sub(since)
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

// holding returns how many are held.
func (f *floor) holding() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.held
}

func (f *floor) await(ctx context.Context, d time.Duration) {
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

// end lets go of all that are held, and holds none from now on.
func (f *floor) end() { f.once.Do(func() { close(f.over) }) }
