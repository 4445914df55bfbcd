package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/storetest"
)

// TestAChangeThatTheDiskHasNoRoomForFailsAlone: SQLite writes to the disk at the commit, so the commit
// of all fails.
func TestAChangeThatTheDiskHasNoRoomForFailsAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("this user may not mount anything: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	file, err := os.ReadFile(storetest.SQLite(t))
	path := filepath.Join(dir, "authctl.db")
	if err := errors.Join(err, os.WriteFile(path, file, 0o600)); err != nil {
		t.Fatal(err)
	}
	q := newTrafficOf(t, path)
	alice, bob := signIn(t, q, "alice"), signIn(t, q, "bob")
	leaveRoom(t, filepath.Join(dir, "ballast"), 256<<10)
	q.stop()
	first := q.ask(func() error { return alice.rotate(q) })
	failed := q.ask(func() error {
		return q.Join(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			return execute(ctx, tx, `UPDATE users SET username = ?1 WHERE username = 'bob'`, strings.Repeat("x", 1<<20))
		})
	})
	second := q.ask(func() error { return bob.rotate(q) })
	q.let()
	if err := errors.Join(first(), second()); err != nil {
		t.Errorf("its neighbours: %v", err)
	}
	if !errors.Is(failed(), store.ErrFull) {
		t.Errorf("got %v, want that there is no room", failed())
	}
	for _, o := range []*owner{alice, bob} {
		if _, state, err := q.SessionState(t.Context(), o.session); err != nil || state.TokenHash != o.hash(2) {
			t.Errorf("a neighbour was undone: %v", err)
		}
	}
}

// leaveRoom fills a disk with a file, except for so many bytes.
func leaveRoom(t *testing.T, ballast string, room int64) {
	t.Helper()
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, page := int64(0), make([]byte, 4096)
	for err == nil {
		var n int
		n, err = f.Write(page)
		size += int64(n)
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Truncate(size - room); err != nil {
		t.Fatal(err)
	}
}
