package storetest

import (
	"fmt"
	"slices"
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
	{"a page of users has the credentials of each", func(f *fixture) {
		f.user("alice")
		robot := store.NewUser{ID: uuid.New(), Username: "robot", Folded: "robot", CreatedAt: noon}
		_, err := f.store.CreateUser(f.ctx, robot, event(store.ActionUserCreated, noon))
		f.ok("create user", err)
		_, err = f.store.EndSessions(f.ctx, store.Everyone(), event(store.ActionSessionsRevoked, noon))
		f.ok("end sessions", err)
		page, _, err := f.store.Users(f.ctx, store.UserPage{Limit: 10})
		f.ok("list users", err)
		var want []store.Credentials
		for _, name := range []string{"alice", "robot"} {
			c, err := f.store.Credentials(f.ctx, name)
			f.ok("read credentials", err)
			want = append(want, c)
		}
		equal(f, "page", page, want)
		equal(f, "hash of who has none", page[1].PasswordHash, "")
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
	{"users come in byte order of the folded username, page after page", func(f *fixture) {
		names := []string{"a", "a b", "a-b", "a.b", "a_b", "ab", "b", "z", "ß", "é", "日本", "😀"}
		shuffled := slices.Clone(names)
		slices.Reverse(shuffled)
		for _, n := range shuffled {
			f.user(n)
		}
		slices.Sort(names)
		for _, limit := range []int{1, 3, 100} {
			equal(f, fmt.Sprintf("pages of %d", limit), f.allUsers(store.UserPage{Limit: limit}), names)
		}
	}},
	{"a search is a literal part of the folded username or address", func(f *fixture) {
		for _, n := range []string{"100%", "1000", "a_c", "abc", `back\slash`} {
			f.user(n)
		}
		f.verified("nemo", "Captain@Sea.example")
		for search, want := range map[string][]string{
			"":   {"100%", "1000", "a_c", "abc", `back\slash`, "nemo"},
			"@s": {"nemo"},
			"%":  {"100%"},
			"_":  {"a_c"},
			`\`:  {`back\slash`},
			"00": {"100%", "1000"},
			"bc": {"abc"},
			"BC": nil,
		} {
			equal(f, "search "+search, f.allUsers(store.UserPage{Search: search, Limit: 2}), want)
		}
	}},
	{"a page may hold disabled users only", func(f *fixture) {
		f.user("alice")
		bob := f.user("bob")
		_, err := f.store.DisableUser(f.ctx, bob.ID, event(store.ActionUserDisabled, noon))
		f.ok("disable", err)
		equal(f, "disabled", f.allUsers(store.UserPage{Disabled: true, Limit: 10}), []string{"bob"})
		equal(f, "all", f.allUsers(store.UserPage{Limit: 10}), []string{"alice", "bob"})
		equal(f, "both conditions", f.allUsers(store.UserPage{Disabled: true, Search: "ali", Limit: 10}), nil)
	}},
	{"a page may hold users with one of some roles only", func(f *fixture) {
		for name, roles := range map[string]string{"alice": "admin editor", "bob": "editor", "carl": "admin:read", "dora": "a.min", "eve": "", "frank": "x"} {
			n := store.NewUser{ID: uuid.New(), Username: name, Folded: name, CreatedAt: noon, Rights: store.Rights{Roles: roles}}
			_, err := f.store.CreateUser(f.ctx, n, event(store.ActionUserCreated, noon))
			f.ok("create user", err)
		}
		for _, tt := range []struct {
			roles []string
			want  []string
		}{
			{nil, []string{"alice", "bob", "carl", "dora", "eve", "frank"}},
			{[]string{"admin"}, []string{"alice"}},
			{[]string{"editor"}, []string{"alice", "bob"}},
			{[]string{"x", "admin"}, []string{"alice", "frank"}},
			{[]string{"read"}, nil},
			{[]string{"a_min"}, nil},
			{[]string{"nobody-has-this"}, nil},
		} {
			for _, limit := range []int{1, 2, 10} {
				equal(f, fmt.Sprint(tt.roles, " in pages of ", limit), f.allUsers(store.UserPage{Roles: tt.roles, Limit: limit}), tt.want)
			}
		}
		equal(f, "and a search", f.allUsers(store.UserPage{Roles: []string{"editor"}, Search: "b", Limit: 10}), []string{"bob"})
		equal(f, "and disabled", f.allUsers(store.UserPage{Roles: []string{"editor"}, Disabled: true, Limit: 10}), nil)
	}},
	{"a page of users looks at so many and no more, whoever is selected", func(f *fixture) {
		for _, n := range []string{"a", "b", "c", "d", "e"} {
			f.user(n)
		}
		for _, tt := range []struct {
			page store.UserPage
			want []string
			next string
		}{
			{store.UserPage{Search: "e", Limit: 2}, nil, "b"},
			{store.UserPage{Search: "e", Limit: 2, After: "b"}, nil, "d"},
			{store.UserPage{Search: "e", Limit: 2, After: "d"}, []string{"e"}, ""},
			{store.UserPage{Search: "c", Limit: 3}, []string{"c"}, "c"},
			{store.UserPage{Search: "a", Limit: 3}, []string{"a"}, "c"},
			{store.UserPage{Disabled: true, Limit: 4}, nil, "d"},
			{store.UserPage{Limit: 5}, []string{"a", "b", "c", "d", "e"}, "e"},
			{store.UserPage{Limit: 5, After: "e"}, nil, ""},
		} {
			users, next, err := f.store.Users(f.ctx, tt.page)
			f.ok("list users", err)
			var got []string
			for _, u := range users {
				got = append(got, u.User.Folded)
			}
			equal(f, fmt.Sprintf("users of %+v", tt.page), got, tt.want)
			equal(f, fmt.Sprintf("next of %+v", tt.page), next, tt.next)
		}
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
	{"hashes of another cost are found, a page of users at a time", func(f *fixture) {
		const cost = "$argon2id$v=19$m=64,t=1,p=1"
		hashes := []string{cost + "$salt$tag", cost + ",keyid=abc$salt$tag", cost + "$salt$tag=", cost + "6$salt$tag", cost + ",data=$salt$tag", "$6$salt$tag", "$argon2id$", ""}
		for i, hash := range hashes {
			u := store.NewUser{ID: uuid.New(), Username: fmt.Sprint("u", i), Folded: fmt.Sprint("u", i), PasswordHash: hash, CreatedAt: noon}
			_, err := f.store.CreateUser(f.ctx, u, about(event(store.ActionUserCreated, noon), u.ID, uuid.Nil))
			f.ok("create user", err)
		}
		var found []string
		pages := 0
		for after := uuid.Nil; ; pages++ {
			some, next, err := f.store.HashesOtherThan(f.ctx, cost, after, 3)
			f.ok("query hashes", err)
			found = append(found, some...)
			if next == uuid.Nil {
				break
			}
			equal(f, "goes on", next.String() > after.String(), true)
			after = next
		}
		slices.Sort(found)
		want := slices.Clone(hashes[2:7])
		slices.Sort(want)
		equal(f, "found", found, want)
		equal(f, "pages", pages, 3)
	}},
}

// allUsers reads page after page and returns the names.
func (f *fixture) allUsers(p store.UserPage) []string {
	f.Helper()
	var names []string
	for {
		page, next, err := f.store.Users(f.ctx, p)
		f.ok("list users", err)
		if len(page) > p.Limit {
			f.Fatalf("a page of %d holds %d", p.Limit, len(page))
		}
		for _, u := range page {
			names = append(names, u.User.Folded)
		}
		if next == "" {
			return names
		}
		if next <= p.After || (len(page) > 0 && next < page[len(page)-1].User.Folded) {
			f.Fatalf("after %q the next page begins after %q", p.After, next)
		}
		p.After = next
	}
}
