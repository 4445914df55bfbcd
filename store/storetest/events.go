package storetest

import (
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var eventCases = []testCase{
	{"an event is kept as it was given, to the microsecond", func(f *fixture) {
		given := store.Event{
			Action: store.ActionLoginFailed, At: noon.Add(789 * time.Nanosecond), Actor: "anonymous",
			UserID: uuid.New(), SessionID: uuid.New(), RemoteAddr: "2001:db8::1", UserAgent: "agent \"'; -- 日本",
			RequestID: "r-7", Reason: "wrong_password",
		}
		want := given
		want.At = noon
		f.writes("record", func() { f.ok("record", f.store.Record(f.ctx, given)) }, want)
	}},
	{"an event may be about nobody and say little", func(f *fixture) {
		e := store.Event{Action: store.ActionLoginFailed, At: noon, Actor: "anonymous"}
		f.writes("record", func() { f.ok("record", f.store.Record(f.ctx, e)) }, e)
	}},
	{"events keep their order", func(f *fixture) {
		for _, action := range []store.Action{store.ActionLogin, store.ActionLogout, store.ActionLogin} {
			f.ok("record", f.store.Record(f.ctx, event(action, noon)))
		}
		var got []store.Action
		for _, e := range f.events() {
			got = append(got, e.Action)
		}
		equal(f, "actions", got, []store.Action{store.ActionLogin, store.ActionLogout, store.ActionLogin})
	}},
	{"what ended a session can be told", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		n := f.session(u, "one")
		later := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
		_, err := f.store.Ending(f.ctx, u.ID, n.ID, noon)
		f.is("ending of a live session", err, store.ErrNotFound)
		f.endAll(f.store, store.OfUser(other.ID), about(event(store.ActionSessionsRevoked, later(1)), other.ID, uuid.Nil))
		_, err = f.store.Ending(f.ctx, u.ID, n.ID, noon)
		f.is("ending of another's", err, store.ErrNotFound)

		everybody := event(store.ActionSessionsRevoked, later(4))
		f.endAll(f.store, store.Everyone(), everybody)
		ending := func(what string, userID uuid.UUID, since time.Time, want store.Event) {
			f.Helper()
			got, err := f.store.Ending(f.ctx, userID, n.ID, since)
			f.ok(what, err)
			equal(f, what, got, want)
		}
		ending("everybody's", u.ID, noon, everybody)
		f.endAll(f.store, store.OfUser(u.ID), about(event(store.ActionSessionsRevoked, later(5)), u.ID, uuid.Nil))
		_, err = f.store.Ending(f.ctx, uuid.Nil, n.ID, noon)
		f.is("everybody's, of nobody known", err, store.ErrNotFound)
		ending("the first of two", u.ID, noon, everybody)
		ending("the user's, later", u.ID, later(5), about(event(store.ActionSessionsRevoked, later(5)), u.ID, uuid.Nil))
		_, err = f.store.EndSession(f.ctx, n.ID, event(store.ActionLogout, later(6)))
		f.ok("end session", err)
		ending("its own, of nobody known", uuid.Nil, later(6), about(event(store.ActionLogout, later(6)), u.ID, n.ID))
		_, err = f.store.Ending(f.ctx, u.ID, n.ID, later(7))
		f.is("ending after it all", err, store.ErrNotFound)
	}},
	{"every ending of a user's sessions is told, and no other event is", func(f *fixture) {
		u := f.user("alice")
		session := uuid.New()
		f.ok("record", f.store.Record(f.ctx, about(event(store.ActionLoginFailed, noon), u.ID, uuid.Nil)))
		for i, action := range store.Endings() {
			e := about(event(action, noon.Add(time.Duration(i)*time.Minute)), u.ID, uuid.Nil)
			f.ok("record", f.store.Record(f.ctx, e))
			got, err := f.store.Ending(f.ctx, u.ID, session, e.At)
			f.ok(string(action), err)
			equal(f, string(action), got, e)
		}
	}},
	{"a session's state is what a rotation would be judged by", func(f *fixture) {
		u := f.user("alice")
		n := f.session(u, "one")
		_, err := f.store.Rotate(f.ctx, rotation(n.ID, "one", "two", noon.Add(time.Minute)), refresh(noon))
		f.ok("rotate", err)
		f.endAll(f.store, store.Everyone(), event(store.ActionSessionsRevoked, noon))
		session, state, err := f.store.SessionState(f.ctx, n.ID)
		f.ok("read state", err)
		equal(f, "session", session.ID, n.ID)
		equal(f, "owner", session.UserID, u.ID)
		equal(f, "name", session.Username, "alice")
		if state.Clock.IsZero() {
			f.Error("the state has no clock")
		}
		equal(f, "state", state, store.RotationState{
			TokenHash: hashOf("two"), Step: 1, Clock: state.Clock, ExpiresAt: noon.Add(time.Minute + idle),
			Replaced: []store.Replaced{{TokenHash: hashOf("one"), Successor: sealed("two"), At: noon.Add(time.Minute)}},
			Current:  store.Generation{Installation: store.NextGeneration(noon)},
		})
		_, _, err = f.store.SessionState(f.ctx, uuid.New())
		f.is("read nobody's state", err, store.ErrNotFound)
	}},
}
