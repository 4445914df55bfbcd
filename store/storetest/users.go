package storetest

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var userCases = []testCase{
	{"a created user is found as it was given", func(f *fixture) {
		n := store.NewUser{ID: uuid.New(), Username: "Zoë", Folded: "zoë", PasswordHash: oldHash, CreatedAt: noon.Add(789 * time.Nanosecond)}
		want := store.User{ID: n.ID, Username: "Zoë", Folded: "zoë", CreatedAt: noon, PasswordChangedAt: noon}
		e := about(event(store.ActionUserCreated, noon), n.ID, uuid.Nil)
		f.writes("create", func() {
			u, err := f.store.CreateUser(f.ctx, n, e)
			f.ok("create user", err)
			equal(f, "created", u, want)
		}, e)
		u, err := f.store.User(f.ctx, "zoë")
		f.ok("read user", err)
		equal(f, "user", u, want)
		c, err := f.store.Credentials(f.ctx, "zoë")
		f.ok("read credentials", err)
		equal(f, "credentials", c, store.Credentials{User: want, PasswordHash: oldHash})
	}},
	{"a folded username is taken once", func(f *fixture) {
		f.user("alice")
		f.writes("second create", func() {
			_, err := f.store.CreateUser(f.ctx, store.NewUser{ID: uuid.New(), Username: "ALICE", Folded: "alice", CreatedAt: noon}, event(store.ActionUserCreated, noon))
			f.is("create the same name", err, store.ErrConflict)
		})
	}},
	{"an id is taken once", func(f *fixture) {
		u := f.user("alice")
		_, err := f.store.CreateUser(f.ctx, store.NewUser{ID: u.ID, Username: "bob", Folded: "bob", CreatedAt: noon}, event(store.ActionUserCreated, noon))
		f.is("create the same id", err, store.ErrConflict)
	}},
	{"a user may have no password", func(f *fixture) {
		_, err := f.store.CreateUser(f.ctx, store.NewUser{ID: uuid.New(), Username: "robot", Folded: "robot", CreatedAt: noon}, event(store.ActionUserCreated, noon))
		f.ok("create user", err)
		c, err := f.store.Credentials(f.ctx, "robot")
		f.ok("read credentials", err)
		equal(f, "hash", c.PasswordHash, "")
	}},
	{"a user is found by id", func(f *fixture) {
		u := f.user("alice")
		got, err := f.store.UserByID(f.ctx, u.ID)
		f.ok("read user", err)
		equal(f, "user", got, u)
		_, err = f.store.UserByID(f.ctx, uuid.New())
		f.is("read nobody", err, store.ErrNotFound)
	}},
	{"credentials by id are those of the name", func(f *fixture) {
		u := f.user("alice")
		f.user("bob")
		e := event(store.ActionSessionsRevoked, noon.Add(time.Hour))
		_, err := f.store.EndSessions(f.ctx, store.Everyone(), e)
		f.ok("end sessions", err)
		_, err = f.store.EndSessions(f.ctx, store.OfUser(u.ID), e)
		f.ok("end sessions", err)
		want, err := f.store.Credentials(f.ctx, "alice")
		f.ok("read credentials", err)
		equal(f, "hash", want.PasswordHash, oldHash)
		got, err := f.store.CredentialsByID(f.ctx, u.ID)
		f.ok("read credentials by id", err)
		equal(f, "credentials", got, want)
		_, err = f.store.CredentialsByID(f.ctx, uuid.New())
		f.is("read nobody's", err, store.ErrNotFound)
	}},
	{"a user is found by the folded username only", func(f *fixture) {
		f.user("alice")
		for _, name := range []string{"ALICE", "alic", "alice ", "", "%", "'"} {
			_, err := f.store.User(f.ctx, name)
			f.is(fmt.Sprintf("user %q", name), err, store.ErrNotFound)
			_, err = f.store.Credentials(f.ctx, name)
			f.is(fmt.Sprintf("credentials %q", name), err, store.ErrNotFound)
		}
	}},
	{"credentials of a disabled user are returned", func(f *fixture) {
		u := f.user("alice")
		_, err := f.store.DisableUser(f.ctx, u.ID, event(store.ActionUserDisabled, noon))
		f.ok("disable", err)
		c, err := f.store.Credentials(f.ctx, "alice")
		f.ok("read credentials", err)
		equal(f, "disabled", c.User.Disabled(), true)
		equal(f, "generation", c.Generation, store.Generation{User: store.NextGeneration(noon)})
	}},
	{"a new password replaces the old one and ends the user's sessions", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		f.session(u, "one")
		kept := f.session(other, "two")
		later := noon.Add(time.Hour)
		e := about(event(store.ActionPasswordChanged, later), u.ID, uuid.Nil)
		f.writes("set password", func() {
			got, err := f.store.SetPassword(f.ctx, u.ID, "$argon2id$new", nil, e)
			f.ok("set password", err)
			want := u
			want.PasswordChangedAt = later
			equal(f, "user", got, want)
		}, e)
		c, err := f.store.Credentials(f.ctx, "alice")
		f.ok("read credentials", err)
		equal(f, "hash", c.PasswordHash, "$argon2id$new")
		equal(f, "generation", c.Generation, store.Generation{User: store.NextGeneration(later)})
		equal(f, "sessions", f.alive(later), []store.Session{listed(kept, other)})
	}},
	{"a disabled user has no sessions, and enabling brings none back", func(f *fixture) {
		u := f.user("alice")
		n := f.session(u, "one")
		first, second := noon.Add(time.Hour), noon.Add(2*time.Hour)
		e := about(event(store.ActionUserDisabled, first), u.ID, uuid.Nil)
		f.writes("disable", func() {
			got, err := f.store.DisableUser(f.ctx, u.ID, e)
			f.ok("disable", err)
			equal(f, "disabled at", got.DisabledAt, first)
		}, e)
		got, err := f.store.DisableUser(f.ctx, u.ID, event(store.ActionUserDisabled, second))
		f.ok("disable again", err)
		equal(f, "disabled at", got.DisabledAt, first)
		equal(f, "sessions", len(f.alive(second)), 0)
		e = about(event(store.ActionUserEnabled, second), u.ID, uuid.Nil)
		f.writes("enable", func() {
			got, err := f.store.EnableUser(f.ctx, u.ID, e)
			f.ok("enable", err)
			equal(f, "user", got, u)
		}, e)
		equal(f, "sessions", len(f.alive(second)), 0)
		equal(f, "behind", n.Generation.Behind(f.generation(u)), true)
	}},
	{"a deleted user leaves nothing but its events", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		f.session(u, "one")
		f.session(u, "two")
		kept := f.session(other, "three")
		theirs := attempt("bob", "192.0.2.22", noon)
		f.begin(attempt("alice", "192.0.2.1", noon))
		f.begin(theirs)
		e := about(event(store.ActionUserDeleted, noon), u.ID, uuid.Nil)
		before := len(f.events())
		f.writes("delete", func() { f.ok("delete", f.store.DeleteUser(f.ctx, u.ID, store.Deletion{}, e)) }, e)
		equal(f, "events", len(f.events()), before+1)
		_, err := f.store.User(f.ctx, "alice")
		f.is("read user", err, store.ErrNotFound)
		equal(f, "rows", f.rows(), 1)
		equal(f, "counters", f.slots("login_attempts"), []int64{theirs.Here.Slot, theirs.Anywhere.Slot})
		equal(f, "sessions", f.alive(noon), []store.Session{listed(kept, other)})
	}},
	{"changing a user who does not exist is refused and writes no event", func(f *fixture) {
		nobody, e := uuid.New(), event(store.ActionUserDeleted, noon)
		f.writes("changes of nobody", func() {
			_, err := f.store.SetPassword(f.ctx, nobody, "$argon2id$new", nil, e)
			f.is("set password", err, store.ErrNotFound)
			_, err = f.store.DisableUser(f.ctx, nobody, e)
			f.is("disable", err, store.ErrNotFound)
			_, err = f.store.EnableUser(f.ctx, nobody, e)
			f.is("enable", err, store.ErrNotFound)
			f.is("delete", f.store.DeleteUser(f.ctx, nobody, store.Deletion{}, e), store.ErrNotFound)
		})
	}},
}
