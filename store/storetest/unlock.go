package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var unlockCases = []testCase{
	{"failures of a user are counted, and too many disable the password", func(f *fixture) {
		u := f.user("alice")
		n := f.newSession(u, "one")
		e := about(event(store.ActionLoginFailed, noon), u.ID, uuid.Nil)
		f.writes("two failures", func() {
			f.ok("fail", f.store.FailLogin(f.ctx, 3, store.Ceiling{}, nil, e))
			f.ok("fail", f.store.FailLogin(f.ctx, 3, store.Ceiling{}, nil, e))
		}, e, e)
		locked := e
		locked.Action = store.ActionPasswordDisabled
		f.writes("the third", func() { f.ok("fail", f.store.FailLogin(f.ctx, 3, store.Ceiling{}, nil, e)) }, e, locked)
		later := e
		later.At = noon.Add(time.Hour)
		f.writes("the fourth", func() { f.ok("fail", f.store.FailLogin(f.ctx, 3, store.Ceiling{}, nil, later)) }, later)
		c, err := f.store.Credentials(f.ctx, "alice")
		f.ok("read credentials", err)
		equal(f, "failures", c.User.FailedLogins, 4)
		equal(f, "disabled at", c.User.PasswordDisabledAt, noon)
		started, err := f.store.StartSession(f.ctx, n, about(event(store.ActionLogin, noon), u.ID, n.ID))
		f.ok("start session", err)
		equal(f, "started", started, false)
	}},
	{"a success forgets the failures of a user", func(f *fixture) {
		u := f.user("alice")
		for range 5 {
			f.ok("fail", f.store.FailLogin(f.ctx, 0, store.Ceiling{}, nil, about(event(store.ActionLoginFailed, noon), u.ID, uuid.Nil)))
		}
		got, err := f.store.User(f.ctx, "alice")
		f.ok("read user", err)
		equal(f, "failures", got.FailedLogins, 5)
		equal(f, "disabled", got.PasswordDisabled(), false)
		f.session(u, "one")
		got, err = f.store.User(f.ctx, "alice")
		f.ok("read user", err)
		equal(f, "user", got, u)
	}},
	{"a failure of nobody is only audited", func(f *fixture) {
		e := about(event(store.ActionLoginFailed, noon), uuid.Nil, uuid.Nil)
		f.writes("failure", func() { f.ok("fail", f.store.FailLogin(f.ctx, 1, store.Ceiling{}, nil, e)) }, e)
	}},
	{"unlocking and a new password enable the password and forget attempts, and leave those of others", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		for name, do := range map[string]func(store.Event) (store.User, error){
			"unlock": func(e store.Event) (store.User, error) { return f.store.UnlockUser(f.ctx, u.ID, e) },
			"set password": func(e store.Event) (store.User, error) {
				return f.store.SetPassword(f.ctx, u.ID, "$argon2id$new", nil, e)
			},
		} {
			f.ok("fail", f.store.FailLogin(f.ctx, 1, store.Ceiling{}, nil, about(event(store.ActionLoginFailed, noon), u.ID, uuid.Nil)))
			f.begin(attempt("alice", "192.0.2.1", noon))
			f.begin(attempt("bob", "192.0.2.22", noon))
			e := about(event(store.ActionUserUnlocked, noon), u.ID, uuid.Nil)
			f.writes(name, func() {
				got, err := do(e)
				f.ok(name, err)
				equal(f, name+": failures", got.FailedLogins, 0)
				equal(f, name+": disabled", got.PasswordDisabled(), false)
			}, e)
			list, err := f.store.Attempts(f.ctx, store.AttemptsPage{After: -1, Limit: 100})
			f.ok("list attempts", err)
			for _, a := range list {
				equal(f, name+": left", a.Username, other.Username)
			}
			equal(f, name+": counters left", len(list), 2)
		}
		f.writes("unlocking nobody", func() {
			_, err := f.store.UnlockUser(f.ctx, uuid.New(), event(store.ActionUserUnlocked, noon))
			f.is("unlock", err, store.ErrNotFound)
		})
	}},
	{"counters are listed by user, address and time, page after page", func(f *fixture) {
		u := f.user("alice")
		f.begin(attempt("alice", "192.0.2.1", noon))
		f.begin(attempt("nobody", "192.0.2.15", noon.Add(time.Hour)))
		all, err := f.store.Attempts(f.ctx, store.AttemptsPage{After: -1, Limit: 100})
		f.ok("list attempts", err)
		equal(f, "counters", len(all), 4)
		var paged []store.AttemptCounter
		for after := int64(-1); ; {
			page, err := f.store.Attempts(f.ctx, store.AttemptsPage{After: after, Limit: 1})
			f.ok("list attempts", err)
			if len(page) == 0 {
				break
			}
			paged, after = append(paged, page...), page[0].Slot
		}
		equal(f, "page after page", paged, all)
		a := attempt("alice", "192.0.2.1", noon)
		for what, p := range map[string]store.AttemptsPage{
			"of the user":         {UserID: u.ID, Address: "192.0.2.1"},
			"of the address":      {Address: "192.0.2.1"},
			"of the user, either": {UserID: u.ID, After: a.Here.Slot - 1},
		} {
			if p.After == 0 {
				p.After = -1
			}
			p.Limit = 1
			got, err := f.store.Attempts(f.ctx, p)
			f.ok("list attempts", err)
			equal(f, what, got, []store.AttemptCounter{{
				Slot: a.Here.Slot, UserID: u.ID, Username: "alice", Address: "192.0.2.1", Failures: 1, LastAt: noon, NextAt: noon,
			}})
		}
		since, err := f.store.Attempts(f.ctx, store.AttemptsPage{After: -1, Since: noon.Add(time.Microsecond), Limit: 100})
		f.ok("list attempts", err)
		equal(f, "later ones", len(since), 2)
		for _, a := range since {
			equal(f, "whose", a.UserID, uuid.Nil)
			equal(f, "name", a.Username, "")
		}
	}},
	{"a last failure and a success at the same moment leave no password disabled without failures", func(f *fixture) {
		const users = 32
		stores := f.processes()
		var all [users]store.User
		for i := range all {
			all[i] = f.user(fmt.Sprint("user", i))
			f.ok("fail", f.store.FailLogin(f.ctx, 2, store.Ceiling{}, nil, about(event(store.ActionLoginFailed, noon), all[i].ID, uuid.Nil)))
		}
		together(2*users, func(i int) {
			s, u := stores[i%len(stores)], all[i/2]
			var err error
			if i%2 == 0 {
				err = s.FailLogin(f.ctx, 2, store.Ceiling{}, nil, about(event(store.ActionLoginFailed, noon), u.ID, uuid.Nil))
			} else {
				n := f.newSession(u, fmt.Sprint(i))
				_, err = s.StartSession(f.ctx, n, about(event(store.ActionLogin, noon), u.ID, n.ID))
			}
			if err != nil {
				f.Errorf("user %d: %v", i/2, err)
			}
		})
		for _, u := range all {
			is, err := f.store.User(f.ctx, u.Username)
			f.ok("read user", err)
			if disabled := is.PasswordDisabled(); disabled != (is.FailedLogins == 2) {
				f.Errorf("%s: %d failed logins, disabled: %t", u.Username, is.FailedLogins, disabled)
			}
		}
	}},
	{"clearing covers a user, an address, both, or all", func(f *fixture) {
		u := f.user("alice")
		e := event(store.ActionAttemptsCleared, noon)
		for _, tt := range []struct {
			user    uuid.UUID
			address string
			want    int
			left    map[string]int
		}{
			{u.ID, "192.0.2.1", 1, map[string]int{"192.0.2.2": 1, "192.0.2.15": 1, "": 3}},
			{u.ID, "", 3, map[string]int{"192.0.2.15": 1, "": 1}},
			{uuid.Nil, "192.0.2.15", 1, map[string]int{"192.0.2.1": 1, "192.0.2.2": 1, "": 3}},
			{uuid.Nil, "", 5, map[string]int{}},
		} {
			_, err := f.store.ClearAttempts(f.ctx, uuid.Nil, "", 100, e)
			f.ok("clear", err)
			f.begin(attempt("alice", "192.0.2.1", noon))
			f.begin(attempt("alice", "192.0.2.2", noon))
			f.begin(attempt("nobody", "192.0.2.15", noon))
			about := about(e, tt.user, uuid.Nil)
			f.writes("clear", func() {
				n, err := f.store.ClearAttempts(f.ctx, tt.user, tt.address, 100, about)
				f.ok("clear", err)
				equal(f, fmt.Sprintf("cleared of %s, %s", tt.user, tt.address), n, tt.want)
			}, about)
			equal(f, fmt.Sprintf("left by %s, %s", tt.user, tt.address), f.counted(), tt.left)
		}
	}},
	{"clearing goes no further than it may at once", func(f *fixture) {
		f.begin(attempt("alice", "192.0.2.1", noon))
		f.begin(attempt("nobody", "192.0.2.15", noon))
		for _, want := range []int{3, 1, 0} {
			n, err := f.store.ClearAttempts(f.ctx, uuid.Nil, "", 3, event(store.ActionAttemptsCleared, noon))
			f.ok("clear", err)
			equal(f, "cleared", n, want)
		}
		equal(f, "counted", f.counted(), map[string]int{})
	}},
	{"clearing ends the delay", func(f *fixture) {
		a := attempt("alice", "192.0.2.1", noon)
		for range 3 {
			f.begin(a)
		}
		_, err := f.store.ClearAttempts(f.ctx, uuid.Nil, "192.0.2.1", 100, event(store.ActionAttemptsCleared, noon))
		f.ok("clear", err)
		equal(f, "retry at", f.begin(a), time.Time{})
	}},
	{"old counters are deleted", func(f *fixture) {
		f.begin(attempt("alice", "192.0.2.1", noon))
		f.begin(attempt("nobody", "192.0.2.15", noon))
		other := attempt("other", "192.0.2.16", noon.Add(time.Hour))
		f.begin(other)
		equal(f, "full pages", f.pages(f.store.DeleteOldAttempts, noon.Add(time.Minute)), 3)
		equal(f, "left", f.slots("login_attempts"), []int64{other.Here.Slot, other.Anywhere.Slot})
	}},
}

// pages deletes old rows, two slots at a time, and returns how many pages were full.
func (f *fixture) pages(page func(ctx context.Context, before time.Time, after int64, limit int) (int64, error), before time.Time) (full int) {
	f.Helper()
	for after := int64(-1); ; full++ {
		next, err := page(f.ctx, before, after, 2)
		f.ok("delete", err)
		if next < 0 {
			return full
		}
		if next <= after {
			f.Fatalf("after slot %d came %d", after, next)
		}
		after = next
	}
}

// slots returns the used slots of a table, directly from the table.
func (f *fixture) slots(table string) (slots []int64) {
	f.Helper()
	rows, err := f.db.QueryContext(f.ctx, "SELECT slot FROM "+table+" ORDER BY slot")
	f.ok("read slots", err)
	defer rows.Close()
	for rows.Next() {
		var slot int64
		f.ok("scan slot", rows.Scan(&slot))
		slots = append(slots, slot)
	}
	f.ok("read slots", rows.Err())
	return slots
}
