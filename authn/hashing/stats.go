package hashing

import (
	"maps"
	"sync"
	"time"
)

// Purpose is why a password is hashed. The statistics are kept by purpose.
type Purpose string

// The purposes.
const (
	ForLogin   Purpose = "login"   // comparing with the stored hash
	ForNobody  Purpose = "nobody"  // a login without a stored hash, so that it takes as long
	ForUpgrade Purpose = "upgrade" // replacing a hash of another cost at a login
	ForAccount Purpose = "account" // a new account, or a new password
	ForFloor   Purpose = "floor"   // measuring how long a stored hash takes
)

func purposes() []Purpose {
	return []Purpose{ForLogin, ForNobody, ForUpgrade, ForAccount, ForFloor}
}

// Stats is the state of password hashing.
type Stats struct {
	Run     uint64 // hashes computed since the start
	Running int    // being computed now
	Waiting int    // waiting for a place or a queue slot now
	Held    int    // refused sign-ins that Hold is delaying now
	Memory  int64  // bytes that hashes use now
	Kept    int64  // bytes that arenas hold, in use or idle
	Budget  Budget // in force, with its defaults
	By      map[Purpose]Times

	Implementation string // of Argon2
}

// Times is how long the hashes of one purpose waited and ran. Shed counts those that were refused
// because the wait was or would have been too long.
type Times struct {
	Wait, Run Histogram
	Shed      uint64
}

// Histogram counts durations.
type Histogram struct {
	Count   uint64
	Sum     time.Duration
	Buckets map[time.Duration]uint64 // how many took at most that long
}

// buckets are the bounds of the histograms.
func buckets() []time.Duration {
	const ms = time.Millisecond
	return []time.Duration{ms, 5 * ms, 10 * ms, 25 * ms, 50 * ms, 100 * ms, 250 * ms, 500 * ms, 1000 * ms, 2500 * ms, 5000 * ms}
}

// counters collects Times by purpose. A new hasher shares those of the one before it.
type counters struct {
	mu sync.Mutex
	by map[Purpose]*Times
}

func newCounters() *counters {
	by := map[Purpose]*Times{}
	for _, p := range purposes() {
		by[p] = &Times{Wait: newHistogram(), Run: newHistogram()}
	}
	return &counters{by: by}
}

func newHistogram() Histogram {
	h := Histogram{Buckets: map[time.Duration]uint64{}}
	for _, bound := range buckets() {
		h.Buckets[bound] = 0
	}
	return h
}

func (h *Histogram) observe(d time.Duration) {
	h.Count++
	h.Sum += d
	for bound := range h.Buckets {
		if d <= bound {
			h.Buckets[bound]++
		}
	}
}

// done counts a hash.
func (c *counters) done(why Purpose, wait, run time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by[why].Wait.observe(wait)
	c.by[why].Run.observe(run)
}

// refused counts a hash that got no slot.
func (c *counters) refused(why Purpose) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by[why].Shed++
}

// Stats returns the figures since the start.
func (h *Hasher) Stats() Stats {
	s := Stats{Budget: h.queue.Budget, By: map[Purpose]Times{}}
	s.Running, s.Waiting, s.Memory = h.queue.state()
	_, entering, _ := h.entrance.state()
	s.Waiting += entering
	s.Held = h.floor.holding()
	s.Implementation = h.Implementation()
	if h.arenas != nil {
		s.Kept = h.arenas.size()
	}
	h.stats.mu.Lock()
	defer h.stats.mu.Unlock()
	for p, times := range h.stats.by {
		s.Run += times.Run.Count
		s.By[p] = Times{times.Wait.copy(), times.Run.copy(), times.Shed}
	}
	return s
}

func (h Histogram) copy() Histogram {
	h.Buckets = maps.Clone(h.Buckets)
	return h
}
