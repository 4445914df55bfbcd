package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var emailCases = []testCase{
	{"a user is found by a verified address only, and by its folded form", func(f *fixture) {
		u := f.verified("alice", "Alice@example.com")
		f.owns("alice@example.com", "alice")
		f.owns("Alice@example.com", "")
		equal(f, "address", u.Email, "Alice@example.com")
		equal(f, "verified at", u.EmailVerifiedAt, noon)
		f.setEmail(f.user("bob"), unverified("bob@example.com"))
		f.owns("bob@example.com", "")
		f.owns("", "")
	}},
	{"one user can verify an address, and any number can have it unverified", func(f *fixture) {
		f.verified("alice", "a@example.com")
		bob := f.user("bob")
		e := about(event(store.ActionEmailSet, noon), bob.ID, uuid.Nil)
		f.writes("a verified address of another user", func() {
			_, err := f.store.SetEmail(f.ctx, bob.ID, verified("A@example.com"), nil, e)
			f.is("set", err, store.ErrConflict)
			f.is("set", err, store.ErrEmailTaken)
		})
		f.writes("the same address, unverified", func() {
			u, err := f.store.SetEmail(f.ctx, bob.ID, unverified("A@example.com"), nil, e)
			f.ok("set", err)
			equal(f, "address", u.Email, "A@example.com")
			equal(f, "verified", u.EmailVerified(), false)
		}, e)
		f.setEmail(f.user("carol"), unverified("a@example.com"))
		f.owns("a@example.com", "alice")
		f.writes("an address for nobody", func() {
			_, err := f.store.SetEmail(f.ctx, uuid.New(), verified("b@example.com"), nil, e)
			f.is("set", err, store.ErrNotFound)
		})
	}},
	{"an operator's address replaces the old one, tells it, and drops the user's tokens", func(f *fixture) {
		u := f.verified("alice", "old@example.com")
		for _, tt := range []struct {
			a    store.Address
			to   string // the address that is told
			what string
		}{
			{verified("new@example.com"), "old@example.com", "a verified address"},
			{verified("New@example.com"), "", "another spelling"},
			{unverified("next@example.com"), "New@example.com", "an unverified address"},
			{verified("next@example.com"), "", "the same, verified"},
			{store.Address{}, "next@example.com", "none"},
			{verified("old@example.com"), "", "one where there was none"},
		} {
			f.issue(u, tt.what)
			notice := newMail(store.MailEmailChanged, noon)
			got, err := f.store.SetEmail(f.ctx, u.ID, tt.a, &notice, event(store.ActionEmailSet, noon))
			f.ok("set", err)
			equal(f, tt.what, got.Email, tt.a.Text)
			equal(f, tt.what+": verified", got.EmailVerified(), tt.a.Verified)
			f.dead(tt.what)
			var want []queuedMail
			if tt.to != "" {
				want = []queuedMail{notification(notice, u, tt.to, tt.a.Text)}
			}
			f.outboxHas(tt.what, want...)
		}
	}},
	{"a user who is renamed has the new name, and the old one is released", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		f.session(u, "one")
		f.asks(verification(u, "alice@example.com", "token"), noon)
		f.begin(attempt("alice", "192.0.2.1", noon))
		e := about(event(store.ActionUserRenamed, noon), u.ID, uuid.Nil)
		f.writes("rename", func() {
			f.publishes("rename", func() {
				got, err := f.store.RenameUser(f.ctx, u.ID, "Carol", "carol", e)
				f.ok("rename", err)
				want := u
				want.Email = "alice@example.com"
				want.Username, want.Folded = "Carol", "carol"
				equal(f, "renamed", got, want)
			}, store.Revocation{At: noon, UserID: u.ID, Generation: store.NextGeneration(noon)})
		}, e)
		_, err := f.store.User(f.ctx, "alice")
		f.is("read the old name", err, store.ErrNotFound)
		equal(f, "alive", len(f.alive(noon)), 0)
		_, err = f.store.CreateUser(f.ctx, stranger("alice", noon.Add(-time.Hour)), event(store.ActionUserCreated, noon))
		f.is("take the old name too early", err, store.ErrConflict)
		equal(f, "counters", len(f.slots("login_attempts")), 0)
		equal(f, "mails", f.count("outbox"), 1)
		f.writes("a name of another user", func() {
			_, err := f.store.RenameUser(f.ctx, u.ID, "BOB", "bob", e)
			f.is("rename", err, store.ErrConflict)
			_, err = f.store.RenameUser(f.ctx, uuid.New(), "dave", "dave", e)
			f.is("rename nobody", err, store.ErrNotFound)
		})
		_, err = f.store.RenameUser(f.ctx, u.ID, "CAROL", "carol", e)
		f.ok("write the name otherwise", err)
		_, err = f.store.ReleasedAt(f.ctx, "carol")
		f.is("release of a name in use", err, store.ErrNotFound)
		equal(f, "generation", f.generation(u).User, store.NextGeneration(noon)+1)
		equal(f, "generation of the other", f.generation(other), store.Generation{})
	}},
	{"the address to verify is that of the newest good token, or else the account's own", func(f *fixture) {
		u := f.user("alice")
		f.pending(u, noon, "")
		f.setEmail(u, unverified("own@example.com"))
		f.pending(u, noon, "own@example.com")
		f.setEmail(u, verified("own@example.com"))
		f.pending(u, noon, "")
		for i, text := range []string{"One@example.com", "two@example.com"} {
			r := verification(u, text, fmt.Sprint("token ", i))
			equal(f, text, f.asks(r, noon.Add(time.Duration(i)*time.Minute)), store.MailQueued)
			f.pending(u, noon, text)
		}
		f.pending(u, noon.Add(tokenLife), "")
		f.endAll(f.store, store.OfUser(u.ID), event(store.ActionSessionsRevoked, noon))
		f.pending(u, noon, "")
	}},
}

const tokenLife = 30 * time.Minute

// unverified returns an unverified address.
func unverified(text string) store.Address {
	return store.Address{Text: text, Folded: strings.ToLower(text)}
}

func verified(text string) store.Address {
	a := unverified(text)
	a.Verified = true
	return a
}

// verified creates a user with a verified address.
func (f *fixture) verified(name, text string) store.User {
	f.Helper()
	return f.setEmail(f.user(name), verified(text))
}

func (f *fixture) setEmail(u store.User, a store.Address) store.User {
	f.Helper()
	u, err := f.store.SetEmail(f.ctx, u.ID, a, nil, about(event(store.ActionEmailSet, noon), u.ID, uuid.Nil))
	f.ok("set address", err)
	return u
}

// owns checks which user has verified an address, "" for nobody.
func (f *fixture) owns(folded, name string) {
	f.Helper()
	u, err := f.store.UserByEmail(f.ctx, folded)
	if name == "" {
		f.is("read by "+folded, err, store.ErrNotFound)
		return
	}
	f.ok("read by address", err)
	equal(f, "owner of "+folded, u.Username, name)
}

// pending checks which address a user has to verify, "" for none.
func (f *fixture) pending(u store.User, now time.Time, text string) {
	f.Helper()
	a, err := f.store.PendingEmail(f.ctx, u.ID, now)
	if text == "" {
		f.is("read pending address", err, store.ErrNotFound)
		return
	}
	f.ok("read pending address", err)
	equal(f, "pending", a, unverified(text))
}
