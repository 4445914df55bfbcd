package storetest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/authctl/authctl/store"
)

// slots is a model of the counters: the content and the owner of each slot.
type slots map[int64]struct {
	key int64
	is  store.CounterState
}

func (s slots) of(c store.Counter) store.CounterState {
	if held, ok := s[c.Slot]; ok && held.key == c.Key {
		return held.is
	}
	return store.CounterState{}
}

func (s slots) set(c store.Counter, is store.CounterState) {
	held := s[c.Slot]
	held.key, held.is = c.Key, is
	s[c.Slot] = held
}

var attemptJudgeCases = []testCase{
	{"every attempt is let through, counted or refused as Attempt.Judge says", func(f *fixture) {
		f.succeed(f.user("alice"), attempt("alice", "192.0.2.1", noon))
		full := ceiling(0, 7)
		for range full.Max {
			f.fails(full)
		}
		random, model, at := rand.New(rand.NewPCG(1, 2)), slots{}, noon
		seen := map[string]int{}
		for i := range 400 {
			step := []time.Duration{0, time.Second, 3 * time.Second, 2 * time.Minute, 2 * time.Hour, -5 * time.Second}[random.IntN(6)]
			if at = at.Add(step); random.IntN(10) == 0 {
				at = noon.Add(time.Duration(i) * time.Minute)
			}
			a := attempt([]string{"alice", "bob", "carol", ""}[random.IntN(4)], fmt.Sprint("192.0.2.", 1+random.IntN(3)), at)
			a.Known.Since = noon.Add(-time.Hour)
			if random.IntN(5) == 0 {
				a.Ceiling = full
			}
			known := a.Folded == "alice" && a.Address == "192.0.2.1"
			after, want := a.Judge(store.AttemptState{Here: model.of(a.Here), Anywhere: model.of(a.Anywhere), Known: known, Full: a.Ceiling.Max > 0})
			got, err := f.store.BeginLogin(f.ctx, a)
			f.ok("begin login", err)
			got.Credentials = store.Credentials{}
			equal(f, fmt.Sprintf("attempt %d of %q from %s at %s", i, a.Folded, a.Address, at), got, want)
			switch {
			case want.Ceiling:
				seen["ceiling"]++
			case !want.RetryAt.IsZero():
				seen["refused"]++
			default:
				seen["counted"]++
				model.set(a.Here, after.Here)
				model.set(a.Anywhere, after.Anywhere)
			}
		}
		for _, outcome := range []string{"ceiling", "refused", "counted"} {
			equal(f, outcome+" was seen at least 20 times", seen[outcome] >= 20, true)
		}
	}},
}
