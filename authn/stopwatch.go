package authn

import (
	"time"

	"github.com/authctl/authctl/authn/hashing"
)

// Step is one part of a login and its duration.
type Step struct {
	Name string // lookup, hash_wait, hash or store
	Took time.Duration
}

// stopwatch measures the steps of one operation.
type stopwatch struct {
	last  time.Time
	steps []Step
}

func startStopwatch() *stopwatch { return &stopwatch{last: time.Now(), steps: make([]Step, 0, 6)} }

// lap ends a step.
func (w *stopwatch) lap(name string) {
	now := time.Now()
	w.add(name, now.Sub(w.last))
	w.last = now
}

// hashed ends the two steps of a hash: the wait, as the hasher measured it, and the computation. A
// hash that never began ends no step.
func (w *stopwatch) hashed(took hashing.Took) {
	if took.Began.IsZero() {
		return
	}
	w.add("hash_wait", took.Wait)
	w.last = w.last.Add(took.Wait)
	w.lap("hash")
}

// add adds time to a step. Times of the same name add up.
func (w *stopwatch) add(name string, took time.Duration) {
	for i := range w.steps {
		if w.steps[i].Name == name {
			w.steps[i].Took += took
			return
		}
	}
	w.steps = append(w.steps, Step{Name: name, Took: took})
}
