package storetest

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// succeed signs a user in with an admitted attempt.
func (f *fixture) succeed(u store.User, a store.Attempt) {
	f.Helper()
	equal(f, "retry at", f.begin(a), time.Time{})
	n := f.newSession(u, uuid.NewString())
	n.Attempt = &a
	started, err := f.store.StartSession(f.ctx, n, about(event(store.ActionLogin, a.At), u.ID, n.ID))
	f.ok("start session", err)
	equal(f, "started", started, true)
}

var placeCases = []testCase{
	{"no attempt of others takes the place where an account has signed in", func(f *fixture) {
		alice, bob := f.user("alice"), f.user("bob")
		a := attempt("alice", "192.0.2.1", noon)
		f.succeed(alice, a)
		other := attempt("nobody", "192.0.2.7", noon)
		other.Here.Slot, other.Known.Slot = a.Here.Slot, a.Known.Slot
		f.begin(other)
		for i := range 3 {
			f.begin(attempt("alice", fmt.Sprintf("192.0.2.%d", i+2), noon))
		}
		equal(f, "a stranger", f.begin(attempt("alice", "192.0.2.5", noon)), noon.Add(3*time.Second))
		equal(f, "where alice was", f.begin(a), time.Time{})
		other = attempt("bob", "192.0.2.7", noon)
		other.Known.Slot = a.Known.Slot
		f.succeed(bob, other)
		equal(f, "once a success of another has taken the place", f.begin(a), noon.Add(5*time.Second))
	}},
	{"a counter says when its account has signed in from its address, and nobody else", func(f *fixture) {
		alice, bob := f.user("alice"), f.user("bob")
		f.succeed(alice, attempt("alice", "192.0.2.1", noon))
		f.succeed(alice, attempt("alice", "192.0.2.2", noon.Add(time.Minute)))
		other := attempt("bob", "192.0.2.1", noon.Add(time.Hour))
		other.Known.Slot = 1000
		f.succeed(bob, other)
		later := noon.Add(2 * time.Hour)
		for _, address := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
			f.begin(attempt("alice", address, later))
		}
		list, err := f.store.Attempts(f.ctx, store.AttemptsPage{UserID: alice.ID, After: -1, Limit: 100})
		f.ok("list attempts", err)
		at := map[string]time.Time{}
		for _, c := range list {
			at[c.Address] = c.SignedInAt
		}
		equal(f, "signed in at", at, map[string]time.Time{"192.0.2.1": noon, "192.0.2.2": noon.Add(time.Minute), "192.0.2.3": {}, "": {}})
	}},
	{"of a user who is deleted no place is left", func(f *fixture) {
		alice, bob := f.user("alice"), f.user("bob")
		f.succeed(alice, attempt("alice", "192.0.2.1", noon))
		f.succeed(alice, attempt("alice", "192.0.2.2", noon))
		kept := attempt("bob", "192.0.2.5", noon)
		f.succeed(bob, kept)
		f.ok("delete", f.store.DeleteUser(f.ctx, alice.ID, store.Deletion{}, about(event(store.ActionUserDeleted, noon), alice.ID, uuid.Nil)))
		equal(f, "left", f.slots("known_places"), []int64{kept.Known.Slot})
	}},
	{"places of long ago are deleted", func(f *fixture) {
		var recent store.Attempt
		for i := range 5 {
			name := fmt.Sprint("user", i)
			a := attempt(name, "192.0.2.1", noon.Add(time.Duration(i)*time.Hour))
			a.Known.Slot = int64(7 * i)
			f.succeed(f.user(name), a)
			recent = a
		}
		equal(f, "full pages", f.pages(f.store.DeleteOldPlaces, recent.At), 2)
		equal(f, "left", f.slots("known_places"), []int64{recent.Known.Slot})
	}},
}
