package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

// misfortunes lists what operators and scripts do to the file while it is open. Each receives
// the path of the database, and the path of another intact one.
var misfortunes = []struct {
	name string
	do   func(path, other string) error
}{
	{"the file is replaced by mv", func(path, other string) error { return os.Rename(other, path) }},
	{"the file is deleted", func(path, _ string) error { return os.Remove(path) }},
	{"the file is moved away", func(path, _ string) error { return os.Rename(path, path+".old") }},
	{"the file is deleted and restored", func(path, other string) error { return errors.Join(os.Remove(path), overwrite(path, other)) }},
	{"another is copied over it", func(path, other string) error { return overwrite(path, other) }},
	{"the file is emptied", func(path, _ string) error { return os.Truncate(path, 0) }},
	{"the write-ahead log is deleted", func(path, _ string) error { return os.Remove(path + "-wal") }},
	{"the write-ahead log is replaced", func(path, _ string) error {
		return errors.Join(os.WriteFile(path+".new", nil, 0o600), os.Rename(path+".new", path+"-wal"))
	}},
	{"the write-ahead log is emptied", func(path, _ string) error { return os.Truncate(path+"-wal", 0) }},
	{"the write-ahead log is cut short", func(path, _ string) error {
		info, err := os.Stat(path + "-wal")
		if err != nil {
			return err
		}
		return os.Truncate(path+"-wal", info.Size()-1)
	}},
	{"the write-ahead log is emptied and grows again", func(path, _ string) error {
		info, err := os.Stat(path + "-wal")
		if err != nil {
			return err
		}
		return errors.Join(os.Truncate(path+"-wal", 0), os.Truncate(path+"-wal", info.Size()+5000))
	}},
	{"the shared index is deleted", func(path, _ string) error { return os.Remove(path + "-shm") }},
	{"both companions are deleted", func(path, _ string) error {
		return errors.Join(os.Remove(path+"-wal"), os.Remove(path+"-shm"))
	}},
	{"the folder is renamed", func(path, _ string) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+".old") }},
	{"a symbolic link to the folder points elsewhere", func(path, other string) error {
		link := filepath.Dir(path)
		return errors.Join(os.Remove(link), os.Symlink(filepath.Dir(other), link))
	}},
}

// overwrite works like cp: the file stays the same, and its content changes.
func overwrite(path, other string) error {
	in, err := os.Open(other)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// database returns the path of a database with one user, through a symbolic link to its
// folder.
func database(t *testing.T, name string) string {
	t.Helper()
	path := storetest.SQLite(t)
	s := open(t, sqlite.Config{Path: path})
	haveUser(t, s, name)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "data")
	if err := os.Symlink(filepath.Dir(path), link); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(link, filepath.Base(path))
}

func haveUser(t *testing.T, s store.Store, name string) {
	t.Helper()
	if err := createUser(s, name); err != nil {
		t.Fatal(err)
	}
}

func createUser(s store.Store, name string) error {
	_, err := s.CreateUser(context.Background(), store.NewUser{ID: uuid.New(), Username: name, Folded: name, CreatedAt: time.Unix(1, 0)},
		store.Event{Action: store.ActionUserCreated, At: time.Unix(1, 0), Actor: "test"})
	return err
}

// uses lists one operation of each kind on a store.
func uses(s store.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"create user":       func(context.Context) error { return createUser(s, "late") },
		"read user":         func(ctx context.Context) error { _, err := s.User(ctx, "alice"); return err },
		"read access":       func(ctx context.Context) error { _, err := s.Access(ctx, uuid.New(), uuid.New()); return err },
		"read revocations":  func(ctx context.Context) error { _, err := s.Revocations(ctx, "0", time.Unix(1, 0)); return err },
		"list nodes":        func(ctx context.Context) error { _, err := s.Nodes(ctx, time.Unix(1, 0)); return err },
		"ready":             s.Ready,
		"migrate":           func(ctx context.Context) error { _, err := s.MigrateUp(ctx); return err },
		"watch revocations": func(ctx context.Context) error { return s.WatchRevocations(ctx, func() {}) },
	}
}

func TestAReplacedDatabaseIsNeitherReadNorWritten(t *testing.T) {
	t.Parallel()
	for _, m := range misfortunes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			path, other := database(t, "alice"), database(t, "bob")
			s := open(t, sqlite.Config{Path: path})
			haveUser(t, s, "carol")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			watching := make(chan struct{}, 1000)
			watched := make(chan error, 1)
			go func() {
				watched <- s.WatchRevocations(ctx, func() { watching <- struct{}{} })
			}()
			<-watching
			if err := m.do(path, other); err != nil {
				t.Fatal(err)
			}
			if err := <-watched; !errors.Is(err, store.ErrReplaced) {
				t.Fatalf("the watch ended with %v, want ErrReplaced", err)
			}
			for name, use := range uses(s) {
				if err := use(ctx); !errors.Is(err, store.ErrReplaced) {
					t.Errorf("%s: got %v, want ErrReplaced", name, err)
				}
			}
		})
	}
}

// TestNothingIsAcknowledgedOnceTheFileIsReplaced runs without the watch: each write checks the
// file itself.
func TestNothingIsAcknowledgedOnceTheFileIsReplaced(t *testing.T) {
	t.Parallel()
	for _, m := range misfortunes {
		switch m.name { // which only a watch can tell
		case "another is copied over it", "the write-ahead log is emptied", "the write-ahead log is cut short", "the write-ahead log is emptied and grows again":
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			path, other := database(t, "alice"), database(t, "bob")
			s := open(t, sqlite.Config{Path: path})
			var replaced atomic.Bool
			begun, done := make(chan struct{}, 10_000), make(chan error, 1)
			go func() {
				for i := 0; ; i++ {
					late := replaced.Load()
					err := createUser(s, fmt.Sprint("user", i))
					if err == nil && late {
						err = errors.New("a write was acknowledged")
					}
					if err != nil {
						done <- err
						return
					}
					begun <- struct{}{}
				}
			}()
			for range 5 {
				<-begun
			}
			if err := m.do(path, other); err != nil {
				t.Fatal(err)
			}
			replaced.Store(true)
			if err := <-done; !errors.Is(err, store.ErrReplaced) {
				t.Errorf("got %v, want ErrReplaced", err)
			}
		})
	}
}
