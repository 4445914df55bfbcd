package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// stranger returns another user with this name, who must not take a name released after notAfter.
func stranger(name string, notAfter time.Time) store.NewUser {
	return store.NewUser{ID: uuid.New(), Username: name, Folded: name, PasswordHash: oldHash, CreatedAt: noon, NotReleasedAfter: notAfter}
}

func (f *fixture) deletes(u store.User, at time.Time) {
	f.Helper()
	f.ok("delete", f.store.DeleteUser(f.ctx, u.ID, store.Deletion{}, about(event(store.ActionUserDeleted, at), u.ID, uuid.Nil)))
}

var releasedNameCases = []testCase{
	{"the name of a deleted user is taken for those who must wait, and nothing is written", func(f *fixture) {
		f.deletes(f.user("alice"), noon)
		f.writes("create too early", func() {
			_, err := f.store.CreateUser(f.ctx, stranger("alice", noon.Add(-time.Microsecond)), event(store.ActionUserCreated, noon))
			f.is("create too early", err, store.ErrConflict)
		})
		_, err := f.store.User(f.ctx, "alice")
		f.is("read alice", err, store.ErrNotFound)
		_, err = f.store.CreateUser(f.ctx, stranger("alic", noon.Add(-time.Hour)), event(store.ActionUserCreated, noon))
		f.ok("create another", err)
		u := stranger("alice", noon)
		e := about(event(store.ActionUserCreated, noon), u.ID, uuid.Nil)
		f.writes("create in time", func() {
			_, err := f.store.CreateUser(f.ctx, u, e)
			f.ok("create in time", err)
		}, e)
	}},
	{"whoever need not wait has the name at once, and releases it anew", func(f *fixture) {
		f.deletes(f.user("alice"), noon)
		again := f.user("alice")
		f.deletes(again, noon.Add(time.Hour))
		early := event(store.ActionUserCreated, noon.Add(time.Hour))
		_, err := f.store.CreateUser(f.ctx, stranger("alice", noon.Add(time.Minute)), early)
		f.is("create", err, store.ErrConflict)
		f.imports([]store.ImportedUser{imported("alice", "alice")}, store.Imported)
	}},
	{"it is told when a name was released, the latest time", func(f *fixture) {
		_, err := f.store.ReleasedAt(f.ctx, "alice")
		f.is("read a name that nobody had", err, store.ErrNotFound)
		u := f.user("alice")
		_, err = f.store.ReleasedAt(f.ctx, "alice")
		f.is("read a name in use", err, store.ErrNotFound)
		f.deletes(u, noon)
		f.deletes(f.user("alice"), noon.Add(time.Hour))
		at, err := f.store.ReleasedAt(f.ctx, "alice")
		f.ok("read", err)
		equal(f, "released", at, noon.Add(time.Hour))
		_, err = f.store.ReleasedAt(f.ctx, "Alice")
		f.is("read a name that is not folded", err, store.ErrNotFound)
	}},
	{"the database keeps no name of a deleted user", func(f *fixture) {
		f.deletes(f.user("alice@example.com"), noon)
		var name []byte
		var n int
		f.ok("count", f.db.QueryRowContext(f.ctx, `SELECT name_hash FROM released_names`).Scan(&name))
		f.ok("count", f.db.QueryRowContext(f.ctx, `SELECT count(*) FROM users`).Scan(&n))
		equal(f, "hash", string(name), string(store.ReleasedName("alice@example.com")))
		equal(f, "users", n, 0)
	}},
	{"released names are forgotten page by page, the latest stay", func(f *fixture) {
		for i := range 5 {
			f.deletes(f.user(fmt.Sprint("user", i)), noon.Add(time.Duration(i)*time.Minute))
		}
		for _, want := range []int{2, 1, 0} {
			n, err := f.store.DeleteOldReleasedNames(f.ctx, noon.Add(2*time.Minute), 2)
			f.ok("forget", err)
			equal(f, "forgotten", n, want)
		}
		_, err := f.store.CreateUser(f.ctx, stranger("user2", noon.Add(-time.Hour)), event(store.ActionUserCreated, noon))
		f.ok("create one that is forgotten", err)
		_, err = f.store.CreateUser(f.ctx, stranger("user3", noon.Add(-time.Hour)), event(store.ActionUserCreated, noon))
		f.is("create one that is not", err, store.ErrConflict)
	}},
	{"a registration while the user is being deleted does not get the name", func(f *fixture) {
		stores := f.processes()
		for i := range 50 {
			name := fmt.Sprint("user", i)
			u := f.user(name)
			together(4, func(i int) {
				if i == 0 {
					if err := stores[0].DeleteUser(f.ctx, u.ID, store.Deletion{}, about(event(store.ActionUserDeleted, noon), u.ID, uuid.Nil)); err != nil {
						f.Errorf("delete: %v", err)
					}
					return
				}
				_, err := stores[i%2].CreateUser(f.ctx, stranger(name, noon.Add(-time.Hour)), event(store.ActionUserCreated, noon))
				if !errors.Is(err, store.ErrConflict) {
					f.Errorf("register %s: got %v", name, err)
				}
			})
		}
	}},
}
