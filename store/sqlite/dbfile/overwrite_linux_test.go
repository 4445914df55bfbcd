package dbfile_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/authctl/authctl/store/sqlite/dbfile"
)

// TestACheckpointThatFailsIsNoOverwrite: the disk is full in the middle of a checkpoint.
// SQLite has then written to the file, and not counted it.
func TestACheckpointThatFailsIsNoOverwrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("this user may not mount anything: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	path, ballast := filepath.Join(dir, "a.db"), filepath.Join(dir, "ballast")
	file, db := open(t, path)
	looks := func() {
		t.Helper()
		for range 3 {
			if err := file.Overwrites().Check(); err != nil {
				t.Fatal(err)
			}
		}
	}
	execute(t, db, `CREATE TABLE t (x)`)
	execute(t, db, `PRAGMA wal_checkpoint(TRUNCATE)`)
	looks()
	execute(t, db, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) INSERT INTO t SELECT randomblob(1000) FROM n`)
	looks()
	fillBut(t, ballast, 100<<10)
	for range 3 {
		if _, err := db.Exec(`PRAGMA wal_checkpoint(PASSIVE)`); err == nil {
			t.Fatal("there was room for the checkpoint")
		}
		looks()
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	execute(t, db, `PRAGMA wal_checkpoint(PASSIVE)`)
	looks()
}

// open creates a database with a write-ahead log that is checkpointed only on demand.
func open(t *testing.T, path string) (*dbfile.File, *sql.DB) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := dbfile.Find(path)
	if err != nil {
		t.Fatal(err)
	}
	connector, err := file.Connector("file:"+path+"?_pragma=journal_mode(WAL)&_pragma=wal_autocheckpoint(0)", 0)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close(); file.Close() })
	execute(t, db, `PRAGMA user_version = 1`)
	if err := file.Hold(t.Context(), connector); err != nil {
		t.Fatal(err)
	}
	return file, db
}

func execute(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.Exec(statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// fillBut fills a file system with a new file, except for some bytes.
func fillBut(t *testing.T, path string, room int64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size := int64(0)
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
		size += 4096
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Truncate(max(size-room, 0)); err != nil {
		t.Fatal(err)
	}
}
