package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var sessionCases = []testCase{
	{"a started session is listed as it was given", func(f *fixture) {
		u := f.user("alice")
		n := f.newSession(u, "one")
		e := about(event(store.ActionLogin, noon), u.ID, n.ID)
		f.writes("start", func() {
			started, err := f.store.StartSession(f.ctx, n, e)
			f.ok("start session", err)
			equal(f, "started", started, true)
		}, e)
		equal(f, "sessions", f.alive(noon), []store.Session{listed(n, u)})
		equal(f, "access", f.access(u, n.ID), store.Access{User: u, SessionExists: true, SessionCurrent: true})
	}},
	{"the idle expiry of a new session is capped by its absolute one", func(f *fixture) {
		u := f.user("alice")
		n := f.newSession(u, "one")
		n.ExpiresAt = n.AbsoluteExpiresAt.Add(time.Hour)
		f.start(n)
		equal(f, "expiry", f.alive(noon)[0].ExpiresAt, n.AbsoluteExpiresAt)
	}},
	{"whatever happened since the look-up wins over the login, which then changes nothing", startIsRefused},
	{"a login may upgrade the password hash", func(f *fixture) {
		u := f.user("alice")
		other := f.session(u, "one")
		n := f.newSession(u, "two")
		n.Rehash = "$argon2id$stronger"
		f.start(n)
		c, err := f.store.Credentials(f.ctx, "alice")
		f.ok("read credentials", err)
		equal(f, "credentials", c, store.Credentials{User: u, PasswordHash: "$argon2id$stronger"})
		equal(f, "other session", f.access(u, other.ID), store.Access{User: u, SessionExists: true, SessionCurrent: true})
	}},
	{"a login ends the session that it replaces, whoever owns it", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		old := f.session(other, "one")
		n := f.newSession(u, "two")
		n.Replaces, n.Rehash = old.ID, "$argon2id$stronger"
		e := about(event(store.ActionLogin, noon), u.ID, n.ID)
		replaced := about(e, other.ID, old.ID)
		replaced.Action = store.ActionSessionReplaced
		f.writes("start", func() {
			started, err := f.store.StartSession(f.ctx, n, e)
			f.ok("start session", err)
			equal(f, "started", started, true)
		}, e, replaced)
		equal(f, "sessions", f.alive(noon), []store.Session{listed(n, u)})
		equal(f, "rows", f.rows(), 1)
	}},
	{"replacing a session that is gone is no fault", func(f *fixture) {
		u := f.user("alice")
		n := f.newSession(u, "one")
		n.Replaces = uuid.New()
		e := about(event(store.ActionLogin, noon), u.ID, n.ID)
		f.writes("start", func() {
			started, err := f.store.StartSession(f.ctx, n, e)
			f.ok("start session", err)
			equal(f, "started", started, true)
		}, e)
	}},
	{"sessions come in the order of their ids, page after page", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		var all []uuid.UUID
		for i := range 7 {
			all = append(all, f.session(u, fmt.Sprint("alice", i)).ID, f.session(other, fmt.Sprint("bob", i)).ID)
		}
		order := func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }
		slices.SortFunc(all, order)
		for _, limit := range []int{1, 4, 100} {
			equal(f, fmt.Sprintf("everybody's in pages of %d", limit), f.allSessions(store.SessionPage{Now: noon, Limit: limit}), all)
		}
	}},
	{"a page of sessions looks at so many rows and no more, whatever is alive", func(f *fixture) {
		u, revoked := f.user("alice"), f.user("bob")
		var rows []store.NewSession
		for i := range 5 {
			rows = append(rows, f.session(revoked, fmt.Sprint("dead", i)))
		}
		slices.SortFunc(rows, func(a, b store.NewSession) int { return bytes.Compare(a.ID[:], b.ID[:]) })
		f.endAll(f.store, store.OfUser(revoked.ID), event(store.ActionSessionsRevoked, noon))
		last := f.newSession(u, "alive")
		last.ID = uuid.Max
		f.start(last)
		for _, tt := range []struct {
			page store.SessionPage
			want []store.Session
			next uuid.UUID
		}{
			{store.SessionPage{Limit: 2}, nil, rows[1].ID},
			{store.SessionPage{Limit: 5}, nil, rows[4].ID},
			{store.SessionPage{Limit: 2, After: rows[1].ID}, nil, rows[3].ID},
			{store.SessionPage{Limit: 2, After: rows[4].ID}, []store.Session{listed(last, u)}, uuid.Nil},
			{store.SessionPage{Limit: 2, After: rows[3].ID}, []store.Session{listed(last, u)}, last.ID},
			{store.SessionPage{Limit: 1, After: rows[4].ID}, []store.Session{listed(last, u)}, last.ID},
		} {
			tt.page.Now = noon
			got, next, err := f.store.Sessions(f.ctx, tt.page)
			f.ok("list sessions", err)
			equal(f, fmt.Sprintf("sessions of %+v", tt.page), got, tt.want)
			equal(f, fmt.Sprintf("next of %+v", tt.page), next, tt.next)
		}
	}},
	{"a session is listed until it expires", func(f *fixture) {
		n := f.session(f.user("alice"), "one")
		equal(f, "just before", len(f.alive(n.ExpiresAt.Add(-time.Microsecond))), 1)
		equal(f, "at the instant", len(f.alive(n.ExpiresAt)), 0)
	}},
	{"a session ends once, and its event carries the ids of the row", func(f *fixture) {
		u := f.user("alice")
		n, kept := f.session(u, "one"), f.session(u, "two")
		e := about(event(store.ActionLogout, noon), uuid.New(), uuid.New())
		f.writes("end", func() {
			ended, err := f.store.EndSession(f.ctx, n.ID, e)
			f.ok("end session", err)
			equal(f, "ended", ended, true)
		}, about(e, u.ID, n.ID))
		f.writes("end again", func() {
			ended, err := f.store.EndSession(f.ctx, n.ID, e)
			f.ok("end session", err)
			equal(f, "ended", ended, false)
		})
		equal(f, "sessions", f.alive(noon), []store.Session{listed(kept, u)})
		equal(f, "access", f.access(u, n.ID), store.Access{User: u})
	}},
	{"access knows whose session it is", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		n := f.session(u, "one")
		equal(f, "the owner's", f.access(u, n.ID).SessionExists, true)
		equal(f, "another's", f.access(other, n.ID).SessionExists, false)
		equal(f, "none", f.access(u, uuid.New()).SessionExists, false)
		_, err := f.store.Access(f.ctx, uuid.New(), n.ID)
		f.is("access of nobody", err, store.ErrNotFound)
	}},
	{"access tells the current generation, and of a disabled user too", func(f *fixture) {
		u := f.user("alice")
		n := f.session(u, "one")
		f.endAll(f.store, store.Everyone(), event(store.ActionSessionsRevoked, noon))
		disabled, err := f.store.DisableUser(f.ctx, u.ID, event(store.ActionUserDisabled, noon))
		f.ok("disable", err)
		equal(f, "access", f.access(u, n.ID), store.Access{
			User: disabled, Generation: store.Generation{Installation: store.NextGeneration(noon), User: store.NextGeneration(noon)}, SessionExists: true})
	}},
}

func startIsRefused(f *fixture) {
	e := event(store.ActionPasswordChanged, noon)
	for name, happens := range map[string]func(u store.User, n *store.NewSession){
		"deleted": func(u store.User, _ *store.NewSession) {
			f.ok("delete", f.store.DeleteUser(f.ctx, u.ID, store.Deletion{}, e))
		},
		"disabled": func(u store.User, _ *store.NewSession) {
			_, err := f.store.DisableUser(f.ctx, u.ID, e)
			f.ok("disable", err)
		},
		"disabled and enabled": func(u store.User, _ *store.NewSession) {
			_, err := f.store.DisableUser(f.ctx, u.ID, e)
			f.ok("disable", err)
			_, err = f.store.EnableUser(f.ctx, u.ID, e)
			f.ok("enable", err)
		},
		"password": func(u store.User, _ *store.NewSession) {
			_, err := f.store.SetPassword(f.ctx, u.ID, "$argon2id$new", nil, e)
			f.ok("set", err)
		},
		"same password": func(u store.User, _ *store.NewSession) {
			_, err := f.store.SetPassword(f.ctx, u.ID, oldHash, nil, e)
			f.ok("set", err)
		},
		"user revoked": func(u store.User, _ *store.NewSession) {
			f.endAll(f.store, store.OfUser(u.ID), e)
		},
		"all revoked":     func(store.User, *store.NewSession) { f.endAll(f.store, store.Everyone(), e) },
		"other hash":      func(_ store.User, n *store.NewSession) { n.PasswordHash = "$argon2id$other" },
		"empty hash":      func(_ store.User, n *store.NewSession) { n.PasswordHash = "" },
		"generation lags": func(_ store.User, n *store.NewSession) { n.Generation.User-- },
		"generation ahead": func(_ store.User, n *store.NewSession) {
			n.Generation.Installation++
		},
	} {
		u := f.user(name)
		other := f.user("other than " + name)
		n := f.newSession(u, name)
		n.Rehash, n.Replaces = "$argon2id$stronger", f.session(other, "replaced by "+name).ID
		happens(u, &n)
		f.writes(name, func() {
			started, err := f.store.StartSession(f.ctx, n, about(event(store.ActionLogin, noon), u.ID, n.ID))
			f.ok(name, err)
			equal(f, name, started, false)
		})
		equal(f, name+": the session to replace", f.access(other, n.Replaces).SessionExists, true)
		if c, err := f.store.Credentials(f.ctx, u.Folded); err == nil && c.PasswordHash == n.Rehash {
			f.Errorf("%s: the hash was upgraded", name)
		}
		ended, err := f.store.EndSession(f.ctx, n.ID, e)
		f.ok("look for the session", err)
		equal(f, name+": the session", ended, false)
	}
}

// allSessions reads page after page and returns the ids.
func (f *fixture) allSessions(p store.SessionPage) []uuid.UUID {
	f.Helper()
	var ids []uuid.UUID
	for {
		page, next, err := f.store.Sessions(f.ctx, p)
		f.ok("list sessions", err)
		if len(page) > p.Limit {
			f.Fatalf("a page of %d holds %d", p.Limit, len(page))
		}
		for _, s := range page {
			ids = append(ids, s.ID)
		}
		if next == uuid.Nil {
			return ids
		}
		if bytes.Compare(next[:], p.After[:]) <= 0 {
			f.Fatalf("after %s the next page begins after %s", p.After, next)
		}
		p.After = next
	}
}
