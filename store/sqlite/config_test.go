package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

func TestOpenRefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
		return path
	}
	open := file("open.db", "", 0o644)
	log := file("log.db", "", 0o600)
	file("log.db-wal", "", 0o640)
	for _, tt := range []struct {
		path   string
		create bool
		says   string
	}{
		{"", true, "path of a file"},
		{":memory:", true, "path of a file"},
		{dir, true, "not a regular file"},
		{filepath.Join(dir, "no", "a.db"), true, "no folder"},
		{open, true, "chmod 600 " + open},
		{log, true, "chmod 600 " + log + "-wal"},
		{file("text.db", strings.Repeat("not a database. ", 100), 0o600), true, "not a database"},
		{filepath.Join(dir, "missing.db"), false, "no such file"},
	} {
		s, err := sqlite.Open(t.Context(), sqlite.Config{Path: tt.path, Create: tt.create})
		if err == nil {
			s.Close()
			t.Errorf("%s: got a store", tt.path)
			continue
		}
		if !strings.Contains(err.Error(), tt.says) || errors.Is(err, store.ErrUnavailable) || errors.Is(err, fs.ErrNotExist) == tt.create {
			t.Errorf("%s: got %v, want …%s…", tt.path, err, tt.says)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "missing.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
}

func TestFilesAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "odd name?#%.db")
	s := open(t, sqlite.Config{Path: path, Create: true})
	if _, err := s.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s: got mode %o, want 600", name, mode)
		}
	}
}

// TestAnotherProcessIsWaitedFor holds the write lock as another process would.
func TestAnotherProcessIsWaitedFor(t *testing.T) {
	t.Parallel()
	path := storetest.SQLite(t)
	s := open(t, sqlite.Config{Path: path})
	other, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- s.Record(context.Background(), store.Event{Action: store.ActionLogout, At: time.Now(), Actor: "test"})
	}()
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("readers wait for writers: %v", err)
	}
	select {
	case err := <-done:
		t.Errorf("written beside another's lock: %v", err)
	default:
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("got %v, want to have waited", err)
	}
}

// TestADatabaseOfAnotherUserIsNotOpened: the file, or a companion file of SQLite, belongs to
// another user who may change it.
func TestADatabaseOfAnotherUserIsNotOpened(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to another user")
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		path := filepath.Join(t.TempDir(), "a.db")
		s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Create: true})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if err := os.WriteFile(path+suffix, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(path+suffix, 54321, 0); err != nil {
			t.Fatal(err)
		}
		if s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path}); err == nil || !strings.Contains(err.Error(), path+suffix+" belongs to the user 54321") {
			t.Errorf("%q: got %v, %v", suffix, s, err)
		}
		link := filepath.Join(t.TempDir(), "link.db")
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.Open(t.Context(), sqlite.Config{Path: link}); err == nil || !strings.Contains(err.Error(), "belongs to the user 54321") {
			t.Errorf("%q behind a link: got %v", suffix, err)
		}
	}
}
