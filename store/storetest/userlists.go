package storetest

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var userListCases = []testCase{
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
