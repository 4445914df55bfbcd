package storetest

import (
	"bytes"
	"fmt"
	"slices"
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
		f.writes("end sessions", func() { equal(f, "generation", f.endAll(f.store, store.OfUser(u.ID), e), store.NextGeneration(noon)) }, e)
		equal(f, "rows", f.rows(), 3)
		equal(f, "sessions", f.alive(noon), []store.Session{listed(kept, other)})
		equal(f, "generation", f.generation(u), store.Generation{User: store.NextGeneration(noon)})
		equal(f, "other's generation", f.generation(other), store.Generation{})
		f.session(u, "four")
		equal(f, "alive", len(f.alive(noon)), 2)
	}},
	{"ending everyone's sessions spares only later ones", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		f.session(u, "one")
		f.session(other, "two")
		e := event(store.ActionSessionsRevoked, noon)
		f.writes("end sessions", func() { equal(f, "generation", f.endAll(f.store, store.Everyone(), e), store.NextGeneration(noon)) }, e)
		equal(f, "rows", f.rows(), 2)
		equal(f, "sessions", len(f.alive(noon)), 0)
		for _, user := range []store.User{u, other} {
			equal(f, "generation", f.generation(user), store.Generation{Installation: store.NextGeneration(noon)})
		}
		f.session(u, "three")
		equal(f, "alive", len(f.alive(noon)), 1)
	}},
	{"a counter never goes back, nor over a number twice, whatever the clock says", func(f *fixture) {
		u := f.user("alice")
		for _, scope := range []store.Scope{store.Everyone(), store.OfUser(u.ID)} {
			last := int64(0)
			for _, tt := range []struct {
				at   time.Time
				want int64
			}{
				{noon, store.NextGeneration(noon)},
				{noon, store.NextGeneration(noon) + 1},
				{noon.Add(-time.Hour), store.NextGeneration(noon) + 2},
				{noon.Add(time.Hour), store.NextGeneration(noon.Add(time.Hour))},
			} {
				got := f.endAll(f.store, scope, event(store.ActionSessionsRevoked, tt.at))
				equal(f, "generation at "+tt.at.String(), got, tt.want)
				if got <= last {
					f.Errorf("%d came after %d", got, last)
				}
				last = got
			}
		}
	}},
	{"ending the sessions of nobody is refused and writes no event", func(f *fixture) {
		u := f.user("alice")
		f.session(u, "one")
		f.writes("end nobody's sessions", func() {
			for _, scope := range []store.Scope{store.OfUser(uuid.New()), {}} {
				_, err := f.store.EndSessions(f.ctx, scope, event(store.ActionSessionsRevoked, noon))
				f.is("end sessions", err, store.ErrNotFound)
			}
		})
		equal(f, "alive", len(f.alive(noon)), 1)
	}},
	{"sessions are ended by their ids, each with its event and its entry in the feed", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		one, two, kept := f.session(u, "one"), f.session(other, "two"), f.session(u, "three")
		e := event(store.ActionSessionRevoked, noon)
		before := f.feed("").Position
		f.writes("end sessions", func() {
			n, err := f.store.EndSessionsByID(f.ctx, []uuid.UUID{one.ID, uuid.New(), two.ID}, e)
			f.ok("end sessions", err)
			equal(f, "ended", n, 2)
		}, about(e, u.ID, one.ID), about(e, other.ID, two.ID))
		equal(f, "published", len(f.feed(before).Entries), 2)
		equal(f, "sessions", f.alive(noon), []store.Session{listed(kept, u)})
		f.writes("end no sessions", func() {
			for _, ids := range [][]uuid.UUID{nil, {one.ID}} {
				n, err := f.store.EndSessionsByID(f.ctx, ids, e)
				f.ok("end sessions", err)
				equal(f, "ended", n, 0)
			}
		})
	}},
	{"sessions that are ended late are in the trail as of then, and in the feed as of now", func(f *fixture) {
		u := f.user("alice")
		one := f.session(u, "one")
		e, now := event(store.ActionLogout, noon), noon.Add(3*time.Hour)
		f.writes("end sessions", func() {
			for _, want := range []int{1, 0} {
				n, err := f.store.EndSessionsLate(f.ctx, []uuid.UUID{one.ID, uuid.New()}, now, e)
				f.ok("end sessions", err)
				equal(f, "ended", n, want)
			}
		}, about(e, u.ID, one.ID))
		fresh, err := f.store.Revocations(f.ctx, "", now)
		f.ok("read the feed", err)
		equal(f, "published", fresh.Entries, []store.Revocation{{At: now, UserID: u.ID, SessionID: one.ID}})
		equal(f, "alive", len(f.alive(noon)), 0)
	}},
	{"a count covers the live sessions in scope", func(f *fixture) {
		u, other, revoked, disabled := f.user("alice"), f.user("bob"), f.user("carol"), f.user("dave")
		for i, owner := range []store.User{u, u, other, revoked, disabled} {
			f.session(owner, fmt.Sprint(i))
		}
		f.endAll(f.store, store.OfUser(revoked.ID), event(store.ActionSessionsRevoked, noon))
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
			for _, limit := range []int{1, 2, 100} {
				got := f.countAll(store.CountPage{Scope: tt.scope, Now: tt.now, Limit: limit})
				equal(f, fmt.Sprintf("%s, in pages of %d", tt.name, limit), got, tt.want)
			}
		}
	}},
	{"a page of a count looks at so many rows and the rest of the last user's", func(f *fixture) {
		users := []store.User{f.user("alice"), f.user("bob"), f.user("carol")}
		slices.SortFunc(users, func(a, b store.User) int { return bytes.Compare(a.ID[:], b.ID[:]) })
		for i, owner := range []store.User{users[0], users[1], users[1], users[1], users[2]} {
			f.session(owner, fmt.Sprint(i))
		}
		f.endAll(f.store, store.OfUser(users[0].ID), event(store.ActionSessionsRevoked, noon))
		for _, tt := range []struct {
			after uuid.UUID
			limit int
			want  store.SessionCount
			next  uuid.UUID
		}{
			{uuid.Nil, 1, store.SessionCount{}, users[0].ID},
			{uuid.Nil, 2, store.SessionCount{Sessions: 3, Users: 1}, users[1].ID},
			{users[0].ID, 4, store.SessionCount{Sessions: 4, Users: 2}, users[2].ID},
			{users[0].ID, 5, store.SessionCount{Sessions: 4, Users: 2}, uuid.Nil},
			{users[2].ID, 1, store.SessionCount{}, uuid.Nil},
		} {
			got, next, err := f.store.CountSessions(f.ctx, store.CountPage{Scope: store.Everyone(), Now: noon, After: tt.after, Limit: tt.limit})
			f.ok("count sessions", err)
			equal(f, fmt.Sprintf("%d after %s", tt.limit, tt.after), got, tt.want)
			equal(f, fmt.Sprintf("next of %d after %s", tt.limit, tt.after), next, tt.next)
		}
	}},
	{"dead sessions are deleted page by page, live ones and the audit trail stay", func(f *fixture) {
		u, revoked := f.user("alice"), f.user("bob")
		kept := f.session(u, "kept")
		for i := range 3 {
			n := f.newSession(u, fmt.Sprint("expired ", i))
			n.ExpiresAt = noon.Add(time.Minute)
			f.start(n)
			f.session(revoked, fmt.Sprint("revoked ", i))
		}
		f.endAll(f.store, store.OfUser(revoked.ID), event(store.ActionSessionsRevoked, noon))
		f.writes("deletion", func() {
			for _, tt := range []struct {
				userID uuid.UUID
				before time.Time
				limit  int
				want   int
			}{
				{u.ID, noon, 2, 0},
				{uuid.Nil, noon.Add(time.Minute), 2, 3}, // the revoked sessions; the expiry is not past yet
				{revoked.ID, noon.Add(time.Hour), 100, 0},
				{uuid.Nil, noon.Add(time.Minute + time.Microsecond), 1, 3},
				{uuid.Nil, noon.Add(time.Hour), 100, 0},
			} {
				deleted := f.sweep(store.DeadSessionPage{UserID: tt.userID, ExpiredBefore: tt.before, Limit: tt.limit})
				equal(f, fmt.Sprintf("deleted of %d a page before %s", tt.limit, tt.before), deleted, tt.want)
			}
		})
		equal(f, "rows", f.rows(), 1)
		equal(f, "sessions", f.alive(noon), []store.Session{listed(kept, u)})
	}},
	{"everyone's dead sessions are deleted too", func(f *fixture) {
		u := f.user("alice")
		f.session(u, "one")
		f.endAll(f.store, store.Everyone(), event(store.ActionSessionsRevoked, noon))
		f.session(u, "two")
		equal(f, "deleted", f.sweep(store.DeadSessionPage{ExpiredBefore: noon, Limit: 10}), 1)
		equal(f, "alive", len(f.alive(noon)), 1)
	}},
}

// sweep deletes dead sessions to the last page.
func (f *fixture) sweep(p store.DeadSessionPage) (deleted int) {
	f.Helper()
	for {
		n, next, err := f.store.DeleteDeadSessions(f.ctx, p)
		f.ok("delete dead sessions", err)
		deleted += n
		if next == uuid.Nil {
			return deleted
		}
		p.After = next
	}
}

// countAll counts page after page.
func (f *fixture) countAll(p store.CountPage) (total store.SessionCount) {
	f.Helper()
	for {
		page, next, err := f.store.CountSessions(f.ctx, p)
		f.ok("count sessions", err)
		total.Sessions += page.Sessions
		total.Users += page.Users
		if next == uuid.Nil {
			return total
		}
		p.After = next
	}
}
