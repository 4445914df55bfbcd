package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var userSessionCases = []testCase{
	{"a sign-in ends the oldest sessions beyond the limit, and each has its event and entry", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		stranger := f.session(other, "stranger")
		aged := f.aged(u, 5)
		dead := f.newSession(u, "dead")
		dead.CreatedAt, dead.ExpiresAt = noon.Add(30*time.Minute), noon.Add(31*time.Minute)
		f.start(dead)
		n := f.newSession(u, "new")
		n.CreatedAt, n.Max = noon.Add(time.Hour), 3
		e := about(event(store.ActionLogin, noon), u.ID, n.ID)
		replaced := func(id uuid.UUID) store.Event { return about(event(store.ActionSessionReplaced, noon), u.ID, id) }
		before := f.feed("").Position
		events := len(f.events())
		started, err := f.store.StartSession(f.ctx, n, e)
		f.ok("start", err)
		equal(f, "started", started, true)
		written := f.events()[events:]
		for _, want := range []store.Event{e, replaced(aged[0].ID), replaced(aged[1].ID), replaced(aged[2].ID)} {
			if !slices.Contains(written, want) {
				f.Errorf("%+v is not among %+v", want, written)
			}
		}
		equal(f, "events", len(written), 4)
		equal(f, "published", len(f.feed(before).Entries), 3)
		f.own(u, n.CreatedAt, n.ID, aged[4].ID, aged[3].ID)
		f.own(other, noon, stranger.ID)
	}},
	{"the session that a sign-in replaces counts towards its limit", func(f *fixture) {
		u := f.user("alice")
		aged := f.aged(u, 3)
		n := f.newSession(u, "new")
		n.CreatedAt, n.Max, n.Replaces = noon.Add(time.Hour), 3, aged[1].ID
		f.start(n)
		f.own(u, n.CreatedAt, n.ID, aged[2].ID, aged[0].ID)
	}},
	{"a limit that is lower than before is reached at once, and none is no limit", func(f *fixture) {
		u := f.user("alice")
		f.aged(u, 5)
		n := f.newSession(u, "one")
		n.CreatedAt = noon.Add(time.Hour)
		f.start(n)
		equal(f, "sessions", len(f.alive(n.CreatedAt)), 6)
		one := f.newSession(u, "two")
		one.CreatedAt, one.Max = noon.Add(2*time.Hour), 1
		f.start(one)
		f.own(u, one.CreatedAt, one.ID)
	}},
	{"the latest sign-in is told by the trail when its session is gone", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		_, err := f.store.LastSignIn(f.ctx, u.ID)
		f.is("read before there is one", err, store.ErrNotFound)
		f.signsIn(other, "theirs", noon.Add(9*time.Hour))
		f.signsIn(u, "first", noon)
		last := f.signsIn(u, "last", noon.Add(time.Hour))
		for range 3 {
			f.ok("record", f.store.Record(f.ctx, about(event(store.ActionLoginFailed, noon.Add(2*time.Hour)), u.ID, uuid.Nil)))
		}
		_, err = f.store.EndSession(f.ctx, last.ID, event(store.ActionLogout, noon.Add(3*time.Hour)))
		f.ok("end session", err)
		f.lastSignedIn(u, noon.Add(time.Hour))
		f.lastSignedIn(other, noon.Add(9*time.Hour))
	}},
	{"the latest sign-in is told by its session, dead or alive, when the trail has none", func(f *fixture) {
		u := f.user("alice")
		f.signsIn(u, "first", noon)
		f.signsIn(u, "last", noon.Add(time.Hour))
		_, err := f.store.EndSessions(f.ctx, store.OfUser(u.ID), event(store.ActionSessionsRevoked, noon.Add(2*time.Hour)))
		f.ok("end sessions", err)
		_, err = f.db.ExecContext(f.ctx, `DELETE FROM audit_events`)
		f.ok("empty the trail", err)
		f.lastSignedIn(u, noon.Add(time.Hour))
	}},
	{"a user's sessions come newest first, page after page", func(f *fixture) {
		u := f.user("alice")
		f.session(f.user("bob"), "stranger")
		aged := f.aged(u, 4)
		twin := f.newSession(u, "twin")
		twin.CreatedAt = aged[2].CreatedAt
		f.start(twin)
		want := []uuid.UUID{aged[3].ID, aged[2].ID, twin.ID, aged[1].ID, aged[0].ID}
		if twin.ID.String() > aged[2].ID.String() {
			want[1], want[2] = want[2], want[1]
		}
		for limit := 1; limit <= 6; limit++ {
			var got []uuid.UUID
			p := store.UserSessionPage{UserID: u.ID, Now: noon.Add(time.Hour), Limit: limit}
			for {
				page, err := f.store.UserSessions(f.ctx, p)
				f.ok("read sessions", err)
				for _, t := range page {
					got = append(got, t.ID)
				}
				if len(page) < limit {
					break
				}
				p.Before = store.Age{CreatedAt: page[limit-1].CreatedAt, ID: page[limit-1].ID}
			}
			equal(f, fmt.Sprintf("sessions by %d", limit), got, want)
		}
		page, err := f.store.UserSessions(f.ctx, store.UserSessionPage{UserID: u.ID, Now: noon.Add(time.Hour), Limit: 1})
		f.ok("read sessions", err)
		equal(f, "the newest", page, []store.Session{listed(aged[3], u)})
		f.endAll(f.store, store.OfUser(u.ID), event(store.ActionSessionsRevoked, noon))
		f.own(u, noon.Add(time.Hour))
	}},
	{"users end their own sessions, and nobody else's", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		mine, theirs := f.session(u, "mine"), f.session(other, "theirs")
		e := event(store.ActionSessionRevoked, noon)
		end := func(id uuid.UUID, want bool) {
			ended, err := f.store.EndUserSession(f.ctx, u.ID, id, e)
			f.ok("end session", err)
			equal(f, "ended", ended, want)
		}
		f.writes("end others'", func() {
			f.publishes("end others'", func() { end(theirs.ID, false); end(uuid.New(), false) })
		})
		f.writes("end", func() {
			f.publishes("end", func() { end(mine.ID, true) }, store.Revocation{At: noon, UserID: u.ID, SessionID: mine.ID})
		}, about(e, u.ID, mine.ID))
		f.own(other, noon, theirs.ID)
	}},
	{"all sessions of a user end but one, by one entry", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		one, kept, stranger := f.session(u, "one"), f.session(u, "kept"), f.session(other, "stranger")
		e := event(store.ActionOthersRevoked, noon)
		f.writes("end others", func() {
			f.publishes("end others", func() { f.ok("end others", f.store.EndOtherSessions(f.ctx, u.ID, kept.ID, e)) },
				store.Revocation{At: noon, UserID: u.ID, Generation: store.NextGeneration(noon), Spared: kept.ID})
		}, about(e, u.ID, kept.ID))
		f.own(u, noon, kept.ID)
		f.own(other, noon, stranger.ID)
		equal(f, "generation", f.generation(u), store.Generation{User: store.NextGeneration(noon)})
		equal(f, "the spared one is current", f.access(u, kept.ID).SessionCurrent, true)
		equal(f, "the other is not", f.access(u, one.ID).SessionCurrent, false)
		for token, want := range map[string]store.Outcome{"one": store.Revoked, "kept": store.Rotated} {
			id := map[string]uuid.UUID{"one": one.ID, "kept": kept.ID}[token]
			r, err := f.store.Rotate(f.ctx, rotation(id, token, token+" next", noon), refresh(noon))
			f.ok("rotate", err)
			equal(f, token, r.Outcome, want)
		}
		got, err := f.store.Ending(f.ctx, u.ID, one.ID, noon)
		f.ok("read ending", err)
		equal(f, "what ended the other", got.Action, store.ActionOthersRevoked)
		_, err = f.store.Ending(f.ctx, u.ID, kept.ID, noon)
		f.is("what ended the spared one", err, store.ErrNotFound)
		f.is("of nobody", f.store.EndOtherSessions(f.ctx, uuid.New(), kept.ID, e), store.ErrNotFound)
	}},
	{"a session that is dead, or somebody else's, is not revived by being spared", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		dead, theirs := f.session(u, "dead"), f.session(other, "theirs")
		f.endAll(f.store, store.OfUser(u.ID), event(store.ActionSessionsRevoked, noon))
		for _, id := range []uuid.UUID{dead.ID, theirs.ID} {
			f.ok("end others", f.store.EndOtherSessions(f.ctx, u.ID, id, event(store.ActionOthersRevoked, noon)))
		}
		f.own(u, noon)
		f.own(other, noon, theirs.ID)
		equal(f, "theirs", f.access(other, theirs.ID).SessionCurrent, true)
	}},
}

// aged starts n sessions of u, one a minute from noon. It returns the oldest first.
func (f *fixture) aged(u store.User, n int) []store.NewSession {
	f.Helper()
	var all []store.NewSession
	for i := range n {
		s := f.newSession(u, fmt.Sprint("aged ", i))
		s.CreatedAt = noon.Add(time.Duration(i) * time.Minute)
		f.start(s)
		all = append(all, s)
	}
	return all
}

// own checks the list of a user's sessions, the newest first.
func (f *fixture) own(u store.User, now time.Time, want ...uuid.UUID) {
	f.Helper()
	page, err := f.store.UserSessions(f.ctx, store.UserSessionPage{UserID: u.ID, Now: now, Limit: 100})
	f.ok("read sessions", err)
	var got []uuid.UUID
	for _, t := range page {
		got = append(got, t.ID)
	}
	equal(f, "sessions of "+u.Username, got, want)
}

// signsIn signs u in at an instant.
func (f *fixture) signsIn(u store.User, token string, at time.Time) store.NewSession {
	f.Helper()
	n := f.newSession(u, token)
	n.CreatedAt = at
	started, err := f.store.StartSession(f.ctx, n, about(event(store.ActionLogin, at), u.ID, n.ID))
	f.ok("start session", err)
	equal(f, "started", started, true)
	return n
}

// lastSignedIn checks the instant of u's latest sign-in.
func (f *fixture) lastSignedIn(u store.User, want time.Time) {
	f.Helper()
	at, err := f.store.LastSignIn(f.ctx, u.ID)
	f.ok("read latest sign-in", err)
	equal(f, "latest sign-in of "+u.Username, at, want)
}
