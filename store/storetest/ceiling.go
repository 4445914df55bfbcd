package storetest

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// ceiling is a ceiling of three failures in a window. Four slots count the failures.
func ceiling(slot, window int64) store.Ceiling {
	return store.Ceiling{Max: 3, First: 100, Slots: 4, Slot: 100 + slot, Window: window, Until: noon.Add(5 * time.Minute)}
}

// fails counts a failed login for an unknown name.
func (f *fixture) fails(c store.Ceiling) {
	f.Helper()
	f.ok("fail", f.store.FailLogin(f.ctx, 0, c, nil, about(event(store.ActionLoginFailed, noon), uuid.Nil, uuid.Nil)))
}

// stands reports whether the ceiling refuses a login from an address, and the time until which it does.
func (f *fixture) stands(name, address string, c store.Ceiling) (refused bool, until time.Time) {
	f.Helper()
	a := attempt(name, address, noon)
	a.Ceiling = c
	adm, err := f.store.BeginLogin(f.ctx, a)
	f.ok("begin login", err)
	return adm.Ceiling, adm.RetryAt
}

var ceilingCases = []testCase{
	{"beyond the ceiling only known places may go on, until the window is over", func(f *fixture) {
		f.succeed(f.user("alice"), attempt("alice", "192.0.2.1", noon))
		for i := range int64(3) {
			refused, _ := f.stands(fmt.Sprint("free", i), "192.0.2.9", ceiling(0, 7))
			equal(f, "refused before", refused, false)
			f.fails(ceiling(i, 7))
		}
		_, err := f.store.ClearAttempts(f.ctx, uuid.Nil, "192.0.2.9", 100, event(store.ActionAttemptsCleared, noon))
		f.ok("clear", err)
		counted := f.counted()
		for _, name := range []string{"alice", "nobody", ""} {
			refused, until := f.stands(name, "192.0.2.8", ceiling(0, 7))
			equal(f, "refused "+name, refused, true)
			equal(f, "until", until, noon.Add(5*time.Minute))
		}
		equal(f, "counted", f.counted(), counted)
		refused, until := f.stands("alice", "192.0.2.1", ceiling(0, 7))
		equal(f, "refused where alice has signed in", refused, false)
		equal(f, "until", until, time.Time{})
		refused, _ = f.stands("bob", "192.0.2.1", ceiling(0, 7))
		equal(f, "refused another there", refused, true)
		refused, _ = f.stands("nobody", "192.0.2.8", ceiling(0, 8))
		equal(f, "refused in the next window", refused, false)
		refused, _ = f.stands("dora", "192.0.2.8", store.Ceiling{})
		equal(f, "refused without a ceiling", refused, false)
	}},
	{"a ceiling stands where clocks are a window apart, and not where one was set back", func(f *fixture) {
		for _, window := range []int64{7, 8, 7} { // the windows of two processes
			f.fails(ceiling(0, window))
		}
		refused, _ := f.stands("nobody", "192.0.2.8", ceiling(0, 7))
		equal(f, "refused by the clock behind", refused, false) // the second window has started again
		f.fails(ceiling(1, 7))
		refused, _ = f.stands("nobody", "192.0.2.8", ceiling(0, 7))
		equal(f, "refused by the clock behind", refused, true)
		refused, _ = f.stands("nobody", "192.0.2.8", ceiling(0, 5))
		equal(f, "refused by a clock that was set back", refused, false)
		for range 2 {
			f.fails(ceiling(0, 5))
		}
		refused, _ = f.stands("nobody", "192.0.2.8", ceiling(0, 5))
		equal(f, "refused before as many have failed anew", refused, false)
		f.fails(ceiling(1, 5))
		refused, _ = f.stands("nobody", "192.0.2.8", ceiling(0, 5))
		equal(f, "refused", refused, true)
	}},
	{"what a ceiling counts is no counter of an account, and is cleared with all of them", func(f *fixture) {
		u := f.user("alice")
		for i := range int64(3) {
			f.fails(ceiling(i, 7))
		}
		equal(f, "counted", f.counted(), map[string]int{})
		f.begin(attempt("alice", "192.0.2.1", noon))
		for _, only := range []struct {
			user    uuid.UUID
			address string
		}{{u.ID, ""}, {uuid.Nil, "192.0.2.1"}} {
			_, err := f.store.ClearAttempts(f.ctx, only.user, only.address, 100, event(store.ActionAttemptsCleared, noon))
			f.ok("clear", err)
			refused, _ := f.stands("nobody", "192.0.2.8", ceiling(0, 7))
			equal(f, "refused", refused, true)
		}
		f.begin(attempt("alice", "192.0.2.1", noon))
		cleared, err := f.store.ClearAttempts(f.ctx, uuid.Nil, "", 100, event(store.ActionAttemptsCleared, noon))
		f.ok("clear", err)
		equal(f, "cleared", cleared, 2)
		refused, _ := f.stands("nobody", "192.0.2.8", ceiling(0, 7))
		equal(f, "refused", refused, false)
	}},
	{"failures at once are all counted", func(f *fixture) {
		stores := f.processes()
		together(32, func(i int) {
			c := ceiling(int64(i%4), 7)
			if err := stores[i%len(stores)].FailLogin(f.ctx, 0, c, nil, about(event(store.ActionLoginFailed, noon), uuid.Nil, uuid.Nil)); err != nil {
				f.Errorf("fail login: %v", err)
			}
		})
		for most, want := range map[int]bool{32: true, 33: false} {
			c := ceiling(0, 7)
			c.Max = most
			refused, _ := f.stands("nobody", "192.0.2.8", c)
			equal(f, fmt.Sprint("refused beyond ", most), refused, want)
		}
	}},
}
