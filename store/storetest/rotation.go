package storetest

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var rotationCases = []testCase{
	{"the current token is exchanged and the row rewritten, without an event", func(f *fixture) {
		u := f.user("alice")
		n := f.session(u, "one")
		at := noon.Add(time.Hour)
		want := listed(n, u)
		want.LastUsedAt, want.ExpiresAt = at, at.Add(idle)
		f.writes("rotation", func() {
			r := rotation(n.ID, "one", "two", at.Add(789*time.Nanosecond))
			equal(f, "result", f.rotate(r), store.RotateResult{
				Outcome: store.Rotated,
				Session: store.Session{ID: n.ID, UserID: u.ID, CreatedAt: n.CreatedAt, ExpiresAt: want.ExpiresAt, Generation: n.Generation},
				User:    store.User{ID: u.ID, Username: u.Username, CreatedAt: u.CreatedAt},
			})
		})
		equal(f, "sessions", f.alive(at), []store.Session{want})
		equal(f, "rows", f.rows(), 1)
		equal(f, "access", f.access(u, n.ID).SessionExists, true)
	}},
	{"a session rotates as often as it likes in one row", func(f *fixture) {
		n := f.session(f.user("alice"), "0")
		for i := range 20 {
			equal(f, "outcome", f.outcome(n.ID, fmt.Sprint(i), fmt.Sprint(i+1), noon), store.Rotated)
		}
		equal(f, "rows", f.rows(), 1)
	}},
	{"each rotation starts the idle lifetime again, up to the absolute one", func(f *fixture) {
		n := f.session(f.user("alice"), "0")
		at := noon
		for i := 0; at.Before(n.AbsoluteExpiresAt); i++ {
			got := f.rotate(rotation(n.ID, fmt.Sprint(i), fmt.Sprint(i+1), at))
			want := at.Add(idle)
			if want.After(n.AbsoluteExpiresAt) {
				want = n.AbsoluteExpiresAt
			}
			equal(f, "outcome", got.Outcome, store.Rotated)
			equal(f, "expiry", got.Session.ExpiresAt, want)
			at = at.Add(idle - time.Microsecond)
		}
		equal(f, "outcome", f.outcome(n.ID, "5", "6", n.AbsoluteExpiresAt), store.Expired)
	}},
	{"the previous token yields the same successor within the retry window", func(f *fixture) {
		u := f.user("alice")
		n := f.session(u, "one")
		want := f.rotate(rotation(n.ID, "one", "two", noon))
		alive := f.alive(noon)
		want.Outcome, want.Successors = store.Retried, []store.Sealed{sealedAs("two")}
		f.writes("retries", func() {
			for _, after := range []time.Duration{0, time.Second, window} {
				got := f.rotate(rotation(n.ID, "one", "three", noon.Add(after)))
				equal(f, fmt.Sprintf("retry after %s", after), got, want)
			}
		})
		equal(f, "sessions", f.alive(noon), alive)
		equal(f, "successor", f.outcome(n.ID, "two", "three", noon.Add(window)), store.Rotated)
	}},
	{"the previous token is theft after the retry window", func(f *fixture) {
		f.theft(func(id uuid.UUID) store.Rotation {
			f.rotate(rotation(id, "one", "two", noon))
			return rotation(id, "one", "three", noon.Add(window+time.Microsecond))
		})
	}},
	{"without a retry window the previous token is theft at once", func(f *fixture) {
		f.theft(func(id uuid.UUID) store.Rotation {
			f.rotate(rotation(id, "one", "two", noon))
			r := rotation(id, "one", "three", noon)
			r.RetryWindow = 0
			return r
		})
	}},
	{"a token that the session never had is theft", func(f *fixture) {
		f.theft(func(id uuid.UUID) store.Rotation { return rotation(id, "forged", "two", noon) })
	}},
	{"an expired session stays as it is", func(f *fixture) {
		n := f.session(f.user("alice"), "one")
		f.rotate(rotation(n.ID, "one", "two", noon))
		end := noon.Add(idle)
		f.writes("presenting expired tokens", func() {
			for _, token := range []string{"two", "one", "forged"} {
				equal(f, token, f.rotate(rotation(n.ID, token, "three", end)), store.RotateResult{Outcome: store.Expired})
			}
		})
		equal(f, "rows", f.rows(), 1)
		equal(f, "just before", f.outcome(n.ID, "two", "three", end.Add(-time.Microsecond)), store.Rotated)
	}},
	{"a session that the user's generation left behind is revoked", func(f *fixture) {
		f.refused(store.Revoked, func(u store.User, e store.Event) {
			f.endAll(f.store, store.OfUser(u.ID), e)
		})
	}},
	{"a session that the installation's generation left behind is revoked", func(f *fixture) {
		f.refused(store.Revoked, func(_ store.User, e store.Event) {
			f.endAll(f.store, store.Everyone(), e)
		})
	}},
	{"a session from before a password change is revoked", func(f *fixture) {
		f.refused(store.Revoked, func(u store.User, e store.Event) {
			_, err := f.store.SetPassword(f.ctx, u.ID, "$argon2id$new", nil, e)
			f.ok("set password", err)
		})
	}},
	{"a session of a disabled user is refused", func(f *fixture) {
		f.refused(store.Disabled, func(u store.User, e store.Event) {
			_, err := f.store.DisableUser(f.ctx, u.ID, e)
			f.ok("disable", err)
		})
	}},
	{"a session of a user who was enabled again is revoked", func(f *fixture) {
		f.refused(store.Revoked, func(u store.User, e store.Event) {
			_, err := f.store.DisableUser(f.ctx, u.ID, e)
			f.ok("disable", err)
			_, err = f.store.EnableUser(f.ctx, u.ID, e)
			f.ok("enable", err)
		})
	}},
	{"a token of no session is unknown and nothing else happens", func(f *fixture) {
		u := f.user("alice")
		n, kept := f.session(u, "one"), f.session(u, "two")
		_, err := f.store.EndSession(f.ctx, n.ID, event(store.ActionLogout, noon))
		f.ok("end session", err)
		f.writes("unknown tokens", func() {
			for _, id := range []uuid.UUID{n.ID, uuid.New(), uuid.Nil} {
				for _, token := range []string{"one", "two", "forged"} {
					equal(f, token, f.rotate(rotation(id, token, "three", noon)), store.RotateResult{})
				}
			}
		})
		equal(f, "sessions", f.alive(noon), []store.Session{listed(kept, u)})
	}},
	{"the sessions of a user are independent of each other", func(f *fixture) {
		u := f.user("alice")
		one, two := f.session(u, "one"), f.session(u, "two")
		equal(f, "theft in the first", f.outcome(one.ID, "forged", "x", noon), store.Reused)
		equal(f, "the second", f.outcome(two.ID, "two", "y", noon), store.Rotated)
	}},
}

// rotation presents the token named from. to names its successor, and every clock shows at.
func rotation(id uuid.UUID, from, to string, at time.Time) store.Rotation {
	return store.Rotation{
		SessionID: id, TokenHash: hashOf(from), NextHash: hashOf(to), Successor: sealed(to),
		At: at, ExpiresAt: at.Add(idle), RetryWindow: window, Clock: at,
	}
}

// refresh is the event that every rotation of the suite carries.
func refresh(at time.Time) store.Event {
	e := event("", at)
	e.Actor, e.Reason = "anonymous", ""
	return e
}

func (f *fixture) rotate(r store.Rotation) store.RotateResult {
	f.Helper()
	result, err := f.store.Rotate(f.ctx, r, refresh(noon))
	f.ok("rotate", err)
	return result
}

func (f *fixture) outcome(id uuid.UUID, from, to string, at time.Time) store.Outcome {
	f.Helper()
	return f.rotate(rotation(id, from, to, at)).Outcome
}

// theft starts a session with the token "one", and calls leads for the rotation that
// reveals the theft. It checks that the rotation ends only that session.
func (f *fixture) theft(leads func(id uuid.UUID) store.Rotation) {
	f.Helper()
	u := f.user("alice")
	n, kept := f.session(u, "one"), f.session(u, "kept")
	r := leads(n.ID)
	want := about(refresh(noon), u.ID, n.ID)
	want.Action = store.ActionSessionReused
	f.writes("theft", func() { equal(f, "result", f.rotate(r), store.RotateResult{Outcome: store.Reused}) }, want)
	equal(f, "sessions", f.alive(noon), []store.Session{listed(kept, u)})
	f.goneFor(n.ID)
}

// refused starts a session with the token "one", and calls happens to end it. It
// checks that the store refuses each token of the session with the outcome want.
func (f *fixture) refused(want store.Outcome, happens func(u store.User, e store.Event)) {
	f.Helper()
	for _, token := range []string{"two", "one", "forged"} { // the current token, the previous token, a foreign token
		u := f.user("owner of " + token)
		n := f.session(u, "one")
		f.rotate(rotation(n.ID, "one", "two", noon))
		happens(u, event(store.ActionSessionsRevoked, noon))
		e := about(refresh(noon), u.ID, n.ID)
		e.Action, e.Reason = store.ActionRefreshRefused, want.String()
		f.writes("refusal", func() {
			equal(f, token, f.rotate(rotation(n.ID, token, "three", noon)), store.RotateResult{Outcome: want})
		}, e)
		f.goneFor(n.ID)
	}
}

// goneFor checks that the session's row is gone and that its tokens are unknown.
func (f *fixture) goneFor(id uuid.UUID) {
	f.Helper()
	f.writes("presenting dead tokens", func() {
		for _, token := range []string{"one", "two", "three", "forged"} {
			equal(f, token, f.outcome(id, token, "next", noon), store.Unknown)
		}
	})
}
