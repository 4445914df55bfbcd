package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var rightsCases = []testCase{
	{"roles and claims of a new user are read with the user, wherever that is", func(f *fixture) {
		given := store.Rights{Roles: "admin billing:read", Claims: `{"note":"\u0000 é","plan":"pro"}`}
		n := store.NewUser{ID: uuid.New(), Username: "alice", Folded: "alice", PasswordHash: oldHash, CreatedAt: noon, Rights: given}
		u, err := f.store.CreateUser(f.ctx, n, event(store.ActionUserCreated, noon))
		f.ok("create user", err)
		equal(f, "created", u.Rights, given)
		f.haveRights(u, given)
		equal(f, "of another", f.user("bob").Rights, store.Rights{})
	}},
	{"a change of rights is in force at the next rotation, and ends no session", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		n := f.session(u, "one")
		kept := f.alive(noon)
		later := noon.Add(time.Hour)
		e := about(event(store.ActionRightsChanged, later), u.ID, uuid.Nil)
		want := u
		want.Rights = store.Rights{Roles: "admin editor", Claims: `{"plan":"pro"}`, Generation: store.NextGeneration(later)}
		f.writes("change", func() {
			f.publishes("change", func() {
				got, err := f.store.SetRights(f.ctx, u.ID, store.Rights{Roles: "admin editor", Claims: `{"plan":"pro"}`}, e)
				f.ok("set rights", err)
				equal(f, "changed", got, want)
			}, store.Revocation{At: later, UserID: u.ID, Rights: store.NextGeneration(later)})
		}, e)
		f.haveRights(u, want.Rights)
		f.haveRights(other, store.Rights{})
		equal(f, "sessions", f.alive(noon), kept)
		equal(f, "generation", f.generation(u), n.Generation)
		equal(f, "rotated", f.rotate(rotation(n.ID, "one", "two", noon)).User.Rights, want.Rights)
		equal(f, "retried", f.rotate(rotation(n.ID, "one", "three", noon)).User.Rights, want.Rights)
	}},
	{"the generation of rights grows with each change, whatever the clock says", func(f *fixture) {
		u := f.user("alice")
		least := int64(0)
		for i, at := range []time.Time{noon, noon, noon.Add(-time.Hour), noon.Add(time.Hour)} {
			r := store.Rights{Roles: fmt.Sprint("r", i), Generation: u.Rights.Generation}
			var err error
			u, err = f.store.SetRights(f.ctx, u.ID, r, event(store.ActionRightsChanged, at))
			f.ok("set rights", err)
			least = max(least+1, store.NextGeneration(at))
			equal(f, "rights", u.Rights, store.Rights{Roles: r.Roles, Generation: least})
		}
	}},
	{"rights that have changed since they were read are not replaced", func(f *fixture) {
		u := f.user("alice")
		first, err := f.store.SetRights(f.ctx, u.ID, store.Rights{Roles: "first"}, event(store.ActionRightsChanged, noon))
		f.ok("set rights", err)
		f.writes("changes of what was read before", func() {
			f.publishes("changes of what was read before", func() {
				for _, generation := range []int64{0, first.Rights.Generation - 1, first.Rights.Generation + 1} {
					_, err := f.store.SetRights(f.ctx, u.ID, store.Rights{Roles: "second", Generation: generation}, event(store.ActionRightsChanged, noon))
					f.is("set rights", err, store.ErrConflict)
				}
				_, err := f.store.SetRights(f.ctx, uuid.New(), store.Rights{Roles: "second"}, event(store.ActionRightsChanged, noon))
				f.is("set nobody's rights", err, store.ErrNotFound)
			})
		})
		f.haveRights(u, first.Rights)
	}},
	{"imported users have their rights, of the generation of the import", func(f *fixture) {
		one, two := imported("alice", "alice"), imported("bob", "bob")
		one.Rights = store.Rights{Roles: "admin", Claims: `{"plan":"pro"}`}
		f.imports([]store.ImportedUser{one, two}, store.Imported, store.Imported)
		for _, n := range []store.ImportedUser{one, two} {
			c, err := f.store.CredentialsByID(f.ctx, n.ID)
			f.ok("read credentials", err)
			equal(f, n.Username, c, credentialsOf(n))
		}
		again := one
		again.Rights.Roles = "none"
		f.imports([]store.ImportedUser{again}, store.There)
		f.haveRights(store.User{ID: one.ID, Folded: "alice"}, store.Rights{Roles: "admin", Claims: `{"plan":"pro"}`, Generation: store.NextGeneration(noon)})
	}},
	{"generations of rights that are below what was handed out are raised above it, and no others", func(f *fixture) {
		low, high, untouched := f.user("alice"), f.user("bob"), f.user("carol")
		later := noon.Add(time.Hour)
		changed, err := f.store.SetRights(f.ctx, high.ID, store.Rights{Roles: "admin"}, event(store.ActionRightsChanged, later))
		f.ok("set rights", err)
		handedOut := store.NextGeneration(noon)
		users := map[uuid.UUID]int64{low.ID: handedOut, high.ID: handedOut, uuid.New(): handedOut}
		e := event(store.ActionRightsLost, later)
		raise := func(want int) {
			raised, err := f.store.RaiseRights(f.ctx, users, e)
			f.ok("raise", err)
			equal(f, "raised", raised, want)
		}
		f.writes("raise", func() {
			f.publishes("raise", func() { raise(1) }, store.Revocation{At: later, UserID: low.ID, Rights: store.NextGeneration(later)})
		}, about(e, low.ID, uuid.Nil))
		f.writes("raise again", func() { f.publishes("raise again", func() { raise(0) }) })
		f.haveRights(low, store.Rights{Generation: store.NextGeneration(later)})
		f.haveRights(high, changed.Rights)
		f.haveRights(untouched, store.Rights{})
		users = map[uuid.UUID]int64{low.ID: store.NextGeneration(later) + 5}
		raise(1)
		f.haveRights(low, store.Rights{Generation: store.NextGeneration(later) + 6})
	}},
	{"of changes at the same time each is made once", func(f *fixture) {
		const changes = 16
		u := f.user("alice")
		stores := f.processes()
		together(changes, func(i int) {
			s := stores[i%len(stores)]
			err := unlessBusy(func() error {
				for {
					now, err := s.UserByID(f.ctx, u.ID)
					if err != nil {
						return err
					}
					r := now.Rights
					r.Roles = strings.TrimSpace(r.Roles + fmt.Sprint(" r", i))
					if _, err = s.SetRights(f.ctx, u.ID, r, event(store.ActionRightsChanged, noon)); !errors.Is(err, store.ErrConflict) {
						return err
					}
				}
			})
			if err != nil {
				f.Errorf("change: %v", err)
			}
		})
		now, err := f.store.UserByID(f.ctx, u.ID)
		f.ok("read user", err)
		equal(f, "roles", len(now.Rights.RoleList()), changes)
		equal(f, "generation", now.Rights.Generation, store.NextGeneration(noon)+changes-1)
	}},
	{"a rotation during a change has the rights of before with their generation, or those of after with theirs", func(f *fixture) {
		const clients, changes = 8, 20
		u := f.user("alice")
		stores := f.processes()
		var sessions [clients]store.NewSession
		for i := range sessions {
			sessions[i] = f.session(u, fmt.Sprint(i, " 0"))
		}
		var committed atomic.Int64 // the latest generation that a change has returned
		known := make(chan store.Rights, changes+1)
		known <- u.Rights
		seen := make(chan store.Rights, clients*changes)
		together(clients+1, func(i int) {
			if i == clients {
				r := u.Rights
				for n := range changes {
					r.Roles, r.Claims = fmt.Sprint("r", n), fmt.Sprintf(`{"n":%d}`, n)
					changed, err := stores[0].SetRights(f.ctx, u.ID, r, event(store.ActionRightsChanged, noon))
					if err != nil {
						f.Errorf("change: %v", err)
						return
					}
					r = changed.Rights
					committed.Store(r.Generation)
					known <- r
				}
				return
			}
			for n := range changes {
				least := committed.Load()
				got, err := stores[i%len(stores)].Rotate(f.ctx, rotation(sessions[i].ID, fmt.Sprint(i, " ", n), fmt.Sprint(i, " ", n+1), noon), refresh(noon))
				if err != nil || got.Outcome != store.Rotated {
					f.Errorf("rotate: %s, %v", got.Outcome, err)
					return
				}
				if got.User.Rights.Generation < least {
					f.Errorf("a rotation after generation %d had those of %d", least, got.User.Rights.Generation)
				}
				seen <- got.User.Rights
			}
		})
		close(known)
		close(seen)
		all := map[store.Rights]bool{}
		for r := range known {
			all[r] = true
		}
		for r := range seen {
			if !all[r] {
				f.Errorf("a rotation had the rights %+v, which nobody has set", r)
			}
		}
	}},
}

// haveRights checks the rights of a user in every method that returns them.
func (f *fixture) haveRights(u store.User, want store.Rights) {
	f.Helper()
	got, err := f.store.User(f.ctx, u.Folded)
	f.ok("read user", err)
	equal(f, "of the user", got.Rights, want)
	got, err = f.store.UserByID(f.ctx, u.ID)
	f.ok("read user by id", err)
	equal(f, "of the user by id", got.Rights, want)
	c, err := f.store.Credentials(f.ctx, u.Folded)
	f.ok("read credentials", err)
	equal(f, "with the credentials", c.User.Rights, want)
	c, err = f.store.CredentialsByID(f.ctx, u.ID)
	f.ok("read credentials by id", err)
	equal(f, "with the credentials by id", c.User.Rights, want)
	admission, err := f.store.BeginLogin(f.ctx, attempt(u.Folded, "192.0.2.77", noon))
	f.ok("begin login", err)
	equal(f, "for a login", admission.Credentials.User.Rights, want)
	equal(f, "with an access", f.access(u, uuid.Nil).User.Rights, want)
	page, err := f.store.CredentialsPage(f.ctx, uuid.Nil, 100)
	f.ok("read a page of credentials", err)
	users, _, err := f.store.Users(f.ctx, store.UserPage{Limit: 100})
	f.ok("list users", err)
	for _, c := range append(page, users...) {
		if c.User.ID == u.ID {
			equal(f, "in a page", c.User.Rights, want)
		}
	}
}
