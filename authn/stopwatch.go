package authn

import "time"

// Step is one part of a login and how long it took.
type Step struct {
	Name string // lookup, hash_wait, hash or store
	Took time.Duration
}

// stopwatch measures the steps of one operation. A nil stopwatch measures nothing.
type stopwatch struct {
	last  time.Time
	steps []Step
}

func startStopwatch() *stopwatch { return &stopwatch{last: time.Now(), steps: make([]Step, 0, 6)} }

// lap ends a step; laps of one name add up.
func (w *stopwatch) lap(name string) {
	if w == nil {
		return
	}
	now := time.Now()
	took := now.Sub(w.last)
	w.last = now
	for i := range w.steps {
		if w.steps[i].Name == name {
			w.steps[i].Took += took
			return
		}
	}
	w.steps = append(w.steps, Step{Name: name, Took: took})
}
