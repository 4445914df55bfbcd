package storetest

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// The slots of these cases: few, so that a case can make two keys meet.
const (
	hereSlots     = 10
	anywhereSlots = 20
)

// attempt is one of the account of a name, from an address, at an instant. Two failures
// from there are free, and three from anywhere.
func attempt(folded, address string, at time.Time) store.Attempt {
	var account int64
	for _, c := range folded {
		account = account*31 + int64(c)
	}
	slot, key := account%3, account
	for _, c := range address {
		slot, key = (slot+int64(c))%hereSlots, key*31+int64(c)
	}
	return store.Attempt{
		At: at, Folded: folded, Address: address, Trusted: at.Add(-24 * time.Hour),
		Here:     store.Counter{Slot: slot, Key: key, Delays: []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second}, Quiet: time.Minute},
		Anywhere: store.Counter{Slot: hereSlots + account%(anywhereSlots-hereSlots), Key: account, Delays: []time.Duration{0, 0, 3 * time.Second, 5 * time.Second}, Quiet: time.Hour},
	}
}

// begin counts an attempt, and returns when the next one may come if it is refused.
func (f *fixture) begin(a store.Attempt) (retryAt time.Time) {
	f.Helper()
	adm, err := f.store.BeginLogin(f.ctx, a)
	f.ok("begin login", err)
	return adm.RetryAt
}

// counted returns the failures of each counter, by address.
func (f *fixture) counted() map[string]int {
	f.Helper()
	list, err := f.store.Attempts(f.ctx, store.AttemptsPage{After: -1, Limit: 100})
	f.ok("list attempts", err)
	counted := map[string]int{}
	for _, a := range list {
		counted[a.Address] += a.Failures
	}
	return counted
}

// slots returns the slots in use, past the store.
func (f *fixture) slots() (slots []int64) {
	f.Helper()
	rows, err := f.db.QueryContext(f.ctx, `SELECT slot FROM login_attempts ORDER BY slot`)
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

var attemptCases = []testCase{
	{"an attempt is given what Credentials gives", func(f *fixture) {
		u := f.user("alice")
		want, err := f.store.Credentials(f.ctx, "alice")
		f.ok("read credentials", err)
		adm, err := f.store.BeginLogin(f.ctx, attempt("alice", "192.0.2.1", noon))
		f.ok("begin login", err)
		equal(f, "admission", adm, store.Admission{Credentials: want})
		equal(f, "user", adm.Credentials.User, u)
	}},
	{"a name that nobody has is counted like one that somebody has", func(f *fixture) {
		f.user("alice")
		for _, name := range []string{"alice", "nobody", ""} {
			var got []time.Duration
			for range 4 {
				retryAt := f.begin(attempt(name, "192.0.2.1", noon))
				if retryAt.IsZero() {
					got = append(got, 0)
				} else {
					got = append(got, retryAt.Sub(noon))
				}
			}
			equal(f, fmt.Sprintf("delays of %q", name), got, []time.Duration{0, 0, time.Second, time.Second})
		}
	}},
	{"delays grow, from an address and from anywhere, until a quiet time is over", func(f *fixture) {
		f.user("alice")
		at := noon
		for _, step := range []struct {
			after time.Duration
			from  string
			want  time.Duration // until the next attempt may come; 0 when this one may go on
		}{
			{0, "192.0.2.1", 0},
			{0, "192.0.2.1", 0},
			{999 * time.Millisecond, "192.0.2.1", time.Second}, // never less than a second
			{time.Millisecond, "192.0.2.1", 0},                 // the third, from anywhere as well
			{0, "192.0.2.2", 3 * time.Second},
			{2 * time.Second, "192.0.2.1", time.Second},
			{time.Second, "192.0.2.2", 0}, // the fourth from anywhere
			{4 * time.Second, "192.0.2.1", time.Second},
			{time.Second, "192.0.2.1", 0}, // the fifth: delays grow no further
			{4 * time.Second, "192.0.2.2", time.Second},
			{time.Minute + time.Second, "192.0.2.1", 0}, // forgotten here, not from anywhere
			{0, "192.0.2.1", 5 * time.Second},
			{2 * time.Hour, "192.0.2.1", 0},
			{0, "192.0.2.1", 0},
			{0, "192.0.2.2", 0},
			{0, "192.0.2.2", 3 * time.Second},
		} {
			at = at.Add(step.after)
			got := time.Duration(0)
			if retryAt := f.begin(attempt("alice", step.from, at)); !retryAt.IsZero() {
				got = retryAt.Sub(at)
			}
			equal(f, fmt.Sprintf("at %s from %s", at.Sub(noon), step.from), got, step.want)
		}
	}},
	{"what is refused is not counted", func(f *fixture) {
		for range 10 {
			f.begin(attempt("alice", "192.0.2.1", noon))
		}
		equal(f, "counted", f.counted(), map[string]int{"192.0.2.1": 2, "": 2})
	}},
	{"a success takes the failures back, and trusts the address", func(f *fixture) {
		u := f.user("alice")
		f.begin(attempt("alice", "192.0.2.1", noon))
		a := attempt("alice", "192.0.2.1", noon)
		f.begin(a)
		n := f.newSession(u, "one")
		n.Attempt = &a
		f.start(n)
		equal(f, "counted", f.counted(), map[string]int{})
		for range 2 {
			equal(f, "attempts of others", f.begin(attempt("alice", "192.0.2.2", noon)), time.Time{})
		}
		equal(f, "the last free one", f.begin(attempt("alice", "192.0.2.3", noon)), time.Time{})
		equal(f, "a stranger", f.begin(attempt("alice", "192.0.2.4", noon)), noon.Add(3*time.Second))
		equal(f, "where alice was", f.begin(a), time.Time{})
		equal(f, "where alice was, once more", f.begin(a), time.Time{})
		equal(f, "and too often", f.begin(a), noon.Add(time.Second))
		later := attempt("alice", "192.0.2.1", noon.Add(25*time.Hour))
		for range 2 {
			f.begin(attempt("alice", "192.0.2.2", later.At))
		}
		f.begin(attempt("alice", "192.0.2.3", later.At))
		equal(f, "where alice was long ago", f.begin(later), later.At.Add(3*time.Second))
	}},
	{"an attempt that is taken back was none", func(f *fixture) {
		a := attempt("alice", "192.0.2.1", noon)
		for range 20 {
			equal(f, "retry at", f.begin(a), time.Time{})
			f.ok("take back", f.store.TakeBackLogin(f.ctx, a))
		}
		equal(f, "counted", f.counted(), map[string]int{})
		f.ok("take back what was not counted", f.store.TakeBackLogin(f.ctx, attempt("bob", "192.0.2.9", noon)))
	}},
	{"counters that meet in a slot take each other's place", func(f *fixture) {
		a, b := attempt("alice", "192.0.2.1", noon), attempt("nobody", "192.0.2.7", noon)
		b.Here.Slot, b.Anywhere.Slot = a.Here.Slot, a.Anywhere.Slot
		for range 3 {
			f.begin(a)
		}
		equal(f, "another's", f.begin(b), time.Time{})
		equal(f, "counted", f.counted(), map[string]int{"192.0.2.7": 1, "": 1})
		equal(f, "begun anew", f.begin(a), time.Time{})
		equal(f, "counted", f.counted(), map[string]int{"192.0.2.1": 1, "": 1})
	}},
	{"failures of a user are counted, and too many disable the password", func(f *fixture) {
		u := f.user("alice")
		n := f.newSession(u, "one")
		e := about(event(store.ActionLoginFailed, noon), u.ID, uuid.Nil)
		f.writes("two failures", func() {
			f.ok("fail", f.store.FailLogin(f.ctx, 3, e))
			f.ok("fail", f.store.FailLogin(f.ctx, 3, e))
		}, e, e)
		locked := e
		locked.Action = store.ActionPasswordDisabled
		f.writes("the third", func() { f.ok("fail", f.store.FailLogin(f.ctx, 3, e)) }, e, locked)
		later := e
		later.At = noon.Add(time.Hour)
		f.writes("the fourth", func() { f.ok("fail", f.store.FailLogin(f.ctx, 3, later)) }, later)
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
			f.ok("fail", f.store.FailLogin(f.ctx, 0, about(event(store.ActionLoginFailed, noon), u.ID, uuid.Nil)))
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
		f.writes("failure", func() { f.ok("fail", f.store.FailLogin(f.ctx, 1, e)) }, e)
	}},
	{"unlocking and a new password enable the password and forget attempts, and leave those of others", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		for name, do := range map[string]func(store.Event) (store.User, error){
			"unlock":       func(e store.Event) (store.User, error) { return f.store.UnlockUser(f.ctx, u.ID, e) },
			"set password": func(e store.Event) (store.User, error) { return f.store.SetPassword(f.ctx, u.ID, "$argon2id$new", e) },
		} {
			f.ok("fail", f.store.FailLogin(f.ctx, 1, about(event(store.ActionLoginFailed, noon), u.ID, uuid.Nil)))
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
		var paged []store.Attempts
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
			equal(f, what, got, []store.Attempts{{
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
			_, err := f.store.ClearAttempts(f.ctx, uuid.Nil, "", e)
			f.ok("clear", err)
			f.begin(attempt("alice", "192.0.2.1", noon))
			f.begin(attempt("alice", "192.0.2.2", noon))
			f.begin(attempt("nobody", "192.0.2.15", noon))
			about := about(e, tt.user, uuid.Nil)
			f.writes("clear", func() {
				n, err := f.store.ClearAttempts(f.ctx, tt.user, tt.address, about)
				f.ok("clear", err)
				equal(f, fmt.Sprintf("cleared of %s, %s", tt.user, tt.address), n, tt.want)
			}, about)
			equal(f, fmt.Sprintf("left by %s, %s", tt.user, tt.address), f.counted(), tt.left)
		}
	}},
	{"clearing ends the delay", func(f *fixture) {
		a := attempt("alice", "192.0.2.1", noon)
		for range 3 {
			f.begin(a)
		}
		_, err := f.store.ClearAttempts(f.ctx, uuid.Nil, "192.0.2.1", event(store.ActionAttemptsCleared, noon))
		f.ok("clear", err)
		equal(f, "retry at", f.begin(a), time.Time{})
	}},
	{"old counters are deleted, and where an account signed in later", func(f *fixture) {
		u := f.user("alice")
		a := attempt("alice", "192.0.2.1", noon)
		f.begin(a)
		n := f.newSession(u, "one")
		n.Attempt = &a
		f.start(n)
		f.begin(attempt("nobody", "192.0.2.15", noon))
		other := attempt("other", "192.0.2.16", noon.Add(time.Hour))
		f.begin(other)
		sweep := func(signedInBefore time.Time) (pages int) {
			for after := int64(-1); ; pages++ {
				next, err := f.store.DeleteOldAttempts(f.ctx, noon.Add(time.Minute), signedInBefore, after, 2)
				f.ok("delete", err)
				if next < 0 {
					return pages
				}
				if next <= after {
					f.Fatalf("after slot %d came %d", after, next)
				}
				after = next
			}
		}
		equal(f, "full pages", sweep(noon), 3)
		equal(f, "left", f.slots(), []int64{a.Here.Slot, other.Here.Slot, other.Anywhere.Slot})
		sweep(noon.Add(time.Minute))
		equal(f, "left later", f.slots(), []int64{other.Here.Slot, other.Anywhere.Slot})
	}},
	{"of many who guess at once no more get through than are free", func(f *fixture) {
		stores := f.processes()
		for round, name := range []string{"alice", "nobody"} {
			var through atomic.Int64
			together(64, func(i int) {
				adm, err := stores[i%len(stores)].BeginLogin(f.ctx, attempt(name, "192.0.2.1", noon))
				if err != nil {
					f.Errorf("begin login: %v", err)
				}
				if adm.RetryAt.IsZero() {
					through.Add(1)
				}
			})
			equal(f, "from one address", through.Load(), 2)
			through.Store(0)
			at := noon.Add(2 * time.Hour)
			together(64, func(i int) {
				adm, err := stores[i%len(stores)].BeginLogin(f.ctx, attempt(name, fmt.Sprintf("198.51.100.%d", i+100*round), at))
				if err != nil {
					f.Errorf("begin login: %v", err)
				}
				if adm.RetryAt.IsZero() {
					through.Add(1)
				}
			})
			equal(f, "from many", through.Load(), 3)
		}
	}},
	{"logins, failures and unlocking at once do not stand in each other's way", func(f *fixture) {
		u := f.user("alice")
		stores := f.processes()
		together(48, func(i int) {
			s := stores[i%len(stores)]
			a := attempt("alice", fmt.Sprintf("192.0.2.%d", i%4), noon.Add(time.Duration(i)*time.Hour))
			adm, err := s.BeginLogin(f.ctx, a)
			if err != nil {
				f.Errorf("begin login: %v", err)
				return
			}
			switch {
			case i%6 == 0:
				_, err = s.UnlockUser(f.ctx, u.ID, about(event(store.ActionUserUnlocked, a.At), u.ID, uuid.Nil))
			case i%6 == 1:
				_, err = s.ClearAttempts(f.ctx, uuid.Nil, "", event(store.ActionAttemptsCleared, a.At))
			case !adm.RetryAt.IsZero():
			case i%2 == 0:
				err = s.FailLogin(f.ctx, 100, about(event(store.ActionLoginFailed, a.At), u.ID, uuid.Nil))
			default:
				n := store.NewSession{ID: uuid.New(), UserID: u.ID, TokenHash: hashOf(fmt.Sprint(i)), CreatedAt: noon, ExpiresAt: noon.Add(idle),
					AbsoluteExpiresAt: noon.Add(lifetime), PasswordHash: oldHash, Attempt: &a}
				_, err = s.StartSession(f.ctx, n, about(event(store.ActionLogin, a.At), u.ID, n.ID))
			}
			if err != nil {
				f.Errorf("step %d: %v", i, err)
			}
		})
	}},
}
