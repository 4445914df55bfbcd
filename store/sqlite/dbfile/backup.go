package dbfile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/authctl/authctl/store"
)

// Backup copies the database into a new file, using the caller's connection.
func (f *File) Backup(ctx context.Context, db *sql.DB, path string) error {
	if err := f.backup(ctx, db, path); err != nil {
		if lost := f.Check(); errors.Is(lost, store.ErrReplaced) {
			err = lost
		}
		return fmt.Errorf("write backup %s: %w", path, err)
	}
	return nil
}

func (f *File) backup(ctx context.Context, db *sql.DB, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	folder, err := filepath.Abs(filepath.Dir(path)) // absolute, because SQLite takes a path that begins with "file:" for a URI
	if err != nil {
		return err
	}
	unfinished, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*.unfinished") // mode 0600
	if err != nil {
		return err
	}
	name := unfinished.Name()
	defer os.Remove(name)
	if err := unfinished.Close(); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?1`, name); err != nil {
		return err
	}
	if err := f.Check(); err != nil {
		return err
	}
	if err := sound(ctx, name); err != nil {
		return err
	}
	if err := syncPath(name, os.O_RDWR); err != nil {
		return err
	}
	if err := os.Link(name, path); err != nil { // fails if the name exists
		if errors.Is(err, fs.ErrExist) {
			return fs.ErrExist
		}
		if err := os.Rename(name, path); err != nil { // the file system has no links
			return err
		}
	}
	if runtime.GOOS == "windows" { // Windows cannot sync a folder
		return nil
	}
	return syncPath(folder, os.O_RDONLY)
}

// sound opens a copy that nobody else writes to, and lets SQLite check its integrity.
func sound(ctx context.Context, path string) error {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(absolute)}).EscapedPath()+"?mode=ro&immutable=1")
	if err != nil {
		return err
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
		return fmt.Errorf("check it: %w", err)
	}
	if verdict != "ok" {
		return fmt.Errorf("check it: %s", verdict)
	}
	return nil
}

// syncPath flushes a file, or the entries of a folder, to the disk.
func syncPath(path string, flag int) error {
	f, err := os.OpenFile(path, flag, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
