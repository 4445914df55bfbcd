package storetest

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var revocationCases = []testCase{
	{"ending a user's sessions spares everybody else's, and later ones", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		f.session(u, "one")
		f.session(u, "two")
		kept := f.session(other, "three")
		e := about(event(store.ActionSessionsRevoked, noon), u.ID, uuid.Nil)
		f.writes("end sessions", func() { f.ok("end sessions", f.store.EndSessions(f.ctx, store.OfUser(u.ID), e)) }, e)
		equal(f, "rows", f.rows(), 3)
		equal(f, "sessions", f.alive(noon), []store.Session{listed(kept, other)})
		equal(f, "generation", f.generation(u), store.Generation{User: 1})
		equal(f, "other's generation", f.generation(other), store.Generation{})
		f.session(u, "four")
		equal(f, "alive", len(f.alive(noon)), 2)
	}},
	{"ending everyone's sessions spares only later ones", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		f.session(u, "one")
		f.session(other, "two")
		e := event(store.ActionSessionsRevoked, noon)
		f.writes("end sessions", func() { f.ok("end sessions", f.store.EndSessions(f.ctx, store.Everyone(), e)) }, e)
		equal(f, "rows", f.rows(), 2)
		equal(f, "sessions", len(f.alive(noon)), 0)
		for _, user := range []store.User{u, other} {
			equal(f, "generation", f.generation(user), store.Generation{Installation: 1})
		}
		f.session(u, "three")
		equal(f, "alive", len(f.alive(noon)), 1)
	}},
	{"ending the sessions of nobody is refused and writes no event", func(f *fixture) {
		u := f.user("alice")
		f.session(u, "one")
		f.writes("end nobody's sessions", func() {
			for _, scope := range []store.Scope{store.OfUser(uuid.New()), {}} {
				f.is("end sessions", f.store.EndSessions(f.ctx, scope, event(store.ActionSessionsRevoked, noon)), store.ErrNotFound)
			}
		})
		equal(f, "alive", len(f.alive(noon)), 1)
	}},
	{"a count covers the live sessions in scope", func(f *fixture) {
		u, other, revoked, disabled := f.user("alice"), f.user("bob"), f.user("carol"), f.user("dave")
		for i, owner := range []store.User{u, u, other, revoked, disabled} {
			f.session(owner, fmt.Sprint(i))
		}
		f.ok("end sessions", f.store.EndSessions(f.ctx, store.OfUser(revoked.ID), event(store.ActionSessionsRevoked, noon)))
		_, err := f.store.DisableUser(f.ctx, disabled.ID, event(store.ActionUserDisabled, noon))
		f.ok("disable", err)
		end := noon.Add(idle)
		for _, tt := range []struct {
			name  string
			scope store.Scope
			now   time.Time
			want  store.SessionCount
		}{
			{"everyone", store.Everyone(), noon, store.SessionCount{Sessions: 3, Users: 2}},
			{"alice", store.OfUser(u.ID), noon, store.SessionCount{Sessions: 2, Users: 1}},
			{"a revoked user", store.OfUser(revoked.ID), noon, store.SessionCount{}},
			{"a stranger", store.OfUser(uuid.New()), noon, store.SessionCount{}},
			{"nobody", store.Scope{}, noon, store.SessionCount{}},
			{"just before the end", store.Everyone(), end.Add(-time.Microsecond), store.SessionCount{Sessions: 3, Users: 2}},
			{"at the end", store.Everyone(), end, store.SessionCount{}},
		} {
			got, err := f.store.CountSessions(f.ctx, tt.scope, tt.now)
			f.ok("count sessions", err)
			equal(f, tt.name, got, tt.want)
		}
	}},
	{"dead sessions are deleted in batches, live ones and the audit trail stay", func(f *fixture) {
		u, revoked := f.user("alice"), f.user("bob")
		kept := f.session(u, "kept")
		for i := range 3 {
			n := f.newSession(u, fmt.Sprint("expired ", i))
			n.ExpiresAt = noon.Add(time.Minute)
			f.start(n)
			f.session(revoked, fmt.Sprint("revoked ", i))
		}
		f.ok("end sessions", f.store.EndSessions(f.ctx, store.OfUser(revoked.ID), event(store.ActionSessionsRevoked, noon)))
		f.writes("deletion", func() {
			for _, tt := range []struct {
				before      time.Time
				limit, want int
			}{
				{noon, 2, 2}, // revoked ones
				{noon, 2, 1},
				{noon.Add(time.Minute), 10, 0}, // which is not after the expiry
				{noon.Add(time.Minute + time.Microsecond), 2, 2},
				{noon.Add(time.Minute + time.Microsecond), 2, 1},
				{noon.Add(time.Hour), 10, 0},
			} {
				got, err := f.store.DeleteDeadSessions(f.ctx, tt.before, tt.limit)
				f.ok("delete dead sessions", err)
				equal(f, fmt.Sprintf("deleted of %d before %s", tt.limit, tt.before), got, tt.want)
			}
		})
		equal(f, "rows", f.rows(), 1)
		equal(f, "sessions", f.alive(noon), []store.Session{listed(kept, u)})
	}},
	{"everyone's dead sessions are deleted too", func(f *fixture) {
		u := f.user("alice")
		f.session(u, "one")
		f.ok("end sessions", f.store.EndSessions(f.ctx, store.Everyone(), event(store.ActionSessionsRevoked, noon)))
		f.session(u, "two")
		got, err := f.store.DeleteDeadSessions(f.ctx, noon, 10)
		f.ok("delete dead sessions", err)
		equal(f, "deleted", got, 1)
		equal(f, "alive", len(f.alive(noon)), 1)
	}},
}
