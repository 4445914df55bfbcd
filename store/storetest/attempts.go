package storetest

import (
	"fmt"
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
		At: at, Folded: folded, Address: address,
		Here:     store.Counter{Slot: slot, Key: key, Delays: []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second}, Quiet: time.Minute},
		Anywhere: store.Counter{Slot: hereSlots + account%(anywhereSlots-hereSlots), Key: account, Delays: []time.Duration{0, 0, 3 * time.Second, 5 * time.Second}, Quiet: time.Hour},
		Known:    store.Place{Slot: slot, Key: key, Since: at.Add(-24 * time.Hour)},
	}
}

// begin counts an attempt. If the store refuses it, begin returns the time of the next allowed attempt.
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
			want  time.Duration // time until the next attempt is allowed; 0 if this one is allowed
		}{
			{0, "192.0.2.1", 0},
			{0, "192.0.2.1", 0},
			{999 * time.Millisecond, "192.0.2.1", time.Second}, // never less than a second
			{time.Millisecond, "192.0.2.1", 0},                 // the third failure, also in the counter of all addresses
			{0, "192.0.2.2", 3 * time.Second},
			{2 * time.Second, "192.0.2.1", time.Second},
			{time.Second, "192.0.2.2", 0}, // the fourth failure of all addresses
			{4 * time.Second, "192.0.2.1", time.Second},
			{time.Second, "192.0.2.1", 0}, // the fifth: delays grow no further
			{4 * time.Second, "192.0.2.2", time.Second},
			{time.Minute + time.Second, "192.0.2.1", 0}, // the counter of the address has expired, but not that of all addresses
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
	{"what has no delay refuses nobody, whatever the clocks say", func(f *fixture) {
		u := f.user("alice")
		a, behind := attempt("alice", "192.0.2.1", noon), attempt("alice", "192.0.2.1", noon.Add(-time.Minute))
		equal(f, "free, by a clock that is ahead", f.begin(a), time.Time{})
		equal(f, "free, by one that is behind", f.begin(behind), time.Time{})
		equal(f, "no longer free", f.begin(behind), behind.At.Add(time.Second))
		n := f.newSession(u, "one")
		n.Attempt = &a
		f.start(n)
		equal(f, "after a success that is ahead", f.begin(behind), time.Time{})
		f.begin(behind)
		_, err := f.store.ClearAttempts(f.ctx, uuid.Nil, "", 100, event(store.ActionAttemptsCleared, noon))
		f.ok("clear", err)
		equal(f, "after clearing by a clock that is ahead", f.begin(behind), time.Time{})
	}},
	{"a success takes the failures back, and the place is known", func(f *fixture) {
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
	{"a success takes back what came from its place, and leaves what came from others", func(f *fixture) {
		u := f.user("alice")
		f.begin(attempt("alice", "192.0.2.1", noon))
		for range 2 {
			f.begin(attempt("alice", "192.0.2.2", noon))
		}
		at := noon.Add(3 * time.Second)
		f.succeed(u, attempt("alice", "192.0.2.1", at))
		equal(f, "counted", f.counted(), map[string]int{"192.0.2.2": 2, "": 2})
		equal(f, "the last free one", f.begin(attempt("alice", "192.0.2.3", at)), time.Time{})
		equal(f, "a stranger", f.begin(attempt("alice", "192.0.2.4", at)), at.Add(3*time.Second))
		f.succeed(u, attempt("alice", "192.0.2.1", at))
		f.succeed(u, attempt("alice", "192.0.2.1", at))
		equal(f, "counted", f.counted(), map[string]int{"192.0.2.2": 2, "192.0.2.3": 1, "": 3})
		equal(f, "a stranger after more successes", f.begin(attempt("alice", "192.0.2.4", at)), at.Add(3*time.Second))
		gone := attempt("alice", "192.0.2.1", at)
		f.begin(gone)
		other := attempt("nobody", "192.0.2.7", at)
		other.Here.Slot = gone.Here.Slot
		f.begin(other)
		n := f.newSession(u, "gone")
		n.Attempt = &gone
		f.start(n)
		equal(f, "alice's, whose counter has been pushed out here", f.counted()[""]-1, 3)
	}},
	{"two successes at once take back no more than came from their place", func(f *fixture) {
		u := f.user("alice")
		for i := range 3 {
			f.begin(attempt("alice", fmt.Sprintf("192.0.2.%d", i+2), noon))
		}
		at := noon.Add(3 * time.Second)
		stores := f.processes()
		var own [2]store.Attempt
		for i := range own { // as two from a known place are
			own[i] = attempt("alice", "192.0.2.1", at)
			own[i].Anywhere.Delays = []time.Duration{0}
			equal(f, "retry at", f.begin(own[i]), time.Time{})
		}
		together(len(own), func(i int) {
			n := store.NewSession{ID: uuid.New(), UserID: u.ID, TokenHash: hashOf(fmt.Sprint(i)), CreatedAt: at, ExpiresAt: at.Add(idle),
				AbsoluteExpiresAt: at.Add(lifetime), PasswordHash: oldHash, Attempt: &own[i]}
			if _, err := stores[i%len(stores)].StartSession(f.ctx, n, about(event(store.ActionLogin, at), u.ID, n.ID)); err != nil {
				f.Errorf("start session: %v", err)
			}
		})
		equal(f, "of others", f.counted()[""], 3)
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
}
