package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite"
)

// TestWhatWasCommittedOutlivesALostLog deletes the log, and opens the database again.
func TestWhatWasCommittedOutlivesALostLog(t *testing.T) {
	t.Parallel()
	for _, m := range misfortunes {
		switch m.name {
		case "the write-ahead log is deleted", "the shared index is deleted", "both companions are deleted":
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				path := database(t, "alice")
				s := open(t, sqlite.Config{Path: path})
				for i := range 10 {
					haveUser(t, s, fmt.Sprint("user", i))
				}
				if err := m.do(path, ""); err != nil {
					t.Fatal(err)
				}
				if err := s.Ready(t.Context()); !errors.Is(err, store.ErrReplaced) {
					t.Fatalf("ready: got %v, want ErrReplaced", err)
				}
				want := []string{"alice"}
				for i := range 10 {
					want = append(want, fmt.Sprint("user", i))
				}
				holds(t, path, want...)
			})
		}
	}
}

// TestARestoredFileIsOpenedWithoutTheOldLog: a backup is moved over the file of a running
// server. The new file then has only what the backup has, and the old file has everything that
// was acknowledged.
func TestARestoredFileIsOpenedWithoutTheOldLog(t *testing.T) {
	t.Parallel()
	path, backup := database(t, "alice"), database(t, "bob")
	s := open(t, sqlite.Config{Path: path})
	haveUser(t, s, "carol")
	old := path + ".old"
	if err := errors.Join(os.Rename(path, old), os.Rename(backup, path)); err != nil {
		t.Fatal(err)
	}
	lost := s.Ready(t.Context())
	if !errors.Is(lost, store.ErrReplaced) {
		t.Fatalf("ready: got %v, want ErrReplaced", lost)
	}
	if aside, _ := filepath.Glob(path + "-wal.*.lost"); len(aside) != 1 {
		t.Errorf("the old log is not set aside: %v", lost)
	}
	restored := open(t, sqlite.Config{Path: path})
	haveUser(t, restored, "dave")
	if err := s.Close(); err != nil { // which must not delete what belongs to the new one
		t.Error(err)
	}
	if err := restored.Ready(t.Context()); err != nil {
		t.Errorf("the restored one after the old one was closed: %v", err)
	}
	holds(t, path, "bob", "dave")
	holds(t, old, "alice", "carol")
}

// holds checks which users a database has, from another process.
func holds(t *testing.T, path string, want ...string) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestAnotherProcessOpens$")
	c.Env = append(os.Environ(), openedByAnother+"="+path)
	out, err := c.Output()
	if err != nil {
		t.Errorf("open %s: %v: %s", path, err, out)
	}
	var got []string
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "user: "); ok {
			got = append(got, name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s holds %q, want %q", path, got, want)
	}
}

const openedByAnother = "AUTHCTL_TEST_OPENED_BY_ANOTHER"

// TestAnotherProcessOpens is the process that holds starts.
func TestAnotherProcessOpens(t *testing.T) {
	path := os.Getenv(openedByAnother)
	if path == "" {
		t.Skip("it is for other tests to run")
	}
	s := open(t, sqlite.Config{Path: path})
	users, _, err := s.Users(t.Context(), store.UserPage{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range users {
		fmt.Printf("user: %s\n", u.User.Username)
	}
}

// cutShort starts a checkpoint and interrupts it, perhaps after some of its writes.
func cutShort(ctx context.Context, db *sql.DB, round int) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(round)*time.Millisecond)
	defer cancel()
	_, _ = db.ExecContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`)
}

// TestWhatSQLiteDoesIsNoReplacement: a connection of another process writes, checkpoints and
// vacuums, while the store does the same.
func TestWhatSQLiteDoesIsNoReplacement(t *testing.T) {
	t.Parallel()
	path := database(t, "alice")
	s := open(t, sqlite.Config{Path: path})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	watched := make(chan error, 1)
	woken := make(chan struct{}, 1)
	go func() {
		watched <- s.WatchRevocations(ctx, func() {
			select {
			case woken <- struct{}{}:
			default:
			}
		})
	}()
	other, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	const grow = `
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
INSERT INTO audit_events (at, action, actor, reason) SELECT i, 'test', 'test', hex(randomblob(1000)) FROM n`
	for round := range 2 {
		for i, statement := range []string{grow, `PRAGMA wal_checkpoint(PASSIVE)`, grow, `DELETE FROM audit_events`, `PRAGMA wal_checkpoint(TRUNCATE)`, `VACUUM`} {
			cutShort(ctx, other, round)
			if _, err := other.ExecContext(ctx, statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
			haveUser(t, s, fmt.Sprint("user ", round, " ", i))
			select {
			case <-woken:
			case err := <-watched:
				t.Fatalf("after %s: %v", statement, err)
			}
		}
	}
	cancel()
	if err := <-watched; errors.Is(err, store.ErrReplaced) {
		t.Error(err)
	}
}
