package dbfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/authctl/authctl/store"
)

// FileError says why the file of a database cannot be opened or written. It wraps the error of
// SQLite or the system.
type FileError struct {
	Path string
	What string // what is wrong with which file or folder
	Do   string // what to do next
	Err  error
}

// Error says what is wrong.
func (e *FileError) Error() string { return fmt.Sprintf("database %s: %s", e.Path, e.What) }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// What to do next.
const (
	doRoom    = "make room on the disk of the database and try again; the failed write changed nothing"
	DoRestore = "check that database.url (DATABASE_URL) names the right file; restore a backup of a damaged one, as docs/operating.md says"
	DoFolder  = "create it, or set database.url (DATABASE_URL) to a file elsewhere; perhaps a volume is not mounted"
	doWait    = "another process is writing to the database: try again when it has finished"
	doDisk    = "check that the disk of the database works and has room, and that authctl may write to the file and its folder"
)

// Advice returns what to do about an error of SQLite or of its file, "" for none.
func Advice(err error) string {
	if e, ok := errors.AsType[*FileError](err); ok {
		return e.Do
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return ""
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return doRoom
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return doWait
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return DoRestore
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM:
		if errors.Is(err, store.ErrFull) {
			return doRoom
		}
		return doDisk
	}
	return ""
}

// Explain finds out why a file could not be opened, because SQLite has one code for most reasons.
func Explain(path string, err error) error {
	e, ofSQLite := errors.AsType[*sqlite.Error](err)
	_, ofSystem := errors.AsType[*fs.PathError](err)
	known, ok := errors.AsType[*FileError](err)
	switch {
	case ok:
		return known
	case !ofSQLite && !ofSystem, errors.Is(err, store.ErrReplaced), errors.Is(err, context.Canceled):
		return err
	case ofSQLite && e.Code()&0xff == sqlite3.SQLITE_NOTADB:
		return &FileError{path, "it is not a SQLite database (" + e.Error() + ")", DoRestore, err}
	case ofSQLite && e.Code()&0xff == sqlite3.SQLITE_CORRUPT:
		return &FileError{path, "it is damaged (" + e.Error() + ")", DoRestore, err}
	}
	if what, do := Obstacle(path); what != "" {
		return &FileError{path, what, do, err}
	}
	full := errors.Is(err, store.ErrFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
	if full || (!errors.Is(err, fs.ErrNotExist) && Full(filepath.Dir(path))) {
		return &FileError{path, "its disk is full", doRoom, fmt.Errorf("%w: %w", store.ErrFull, err)}
	}
	return err
}

// Obstacle finds what prevents this process from using the file: it checks the folders above, the
// file, and SQLite's two companion files. It returns empty strings when it finds nothing.
func Obstacle(path string) (what, do string) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		if real, err = filepath.Abs(path); err != nil {
			return "", ""
		}
	}
	if what, do = lockedFolder(filepath.Dir(real)); what != "" {
		return what, do
	}
	_, err = os.Stat(real)
	switch {
	case err == nil && MayWrite(real) != nil:
		return forbidden("the file", real, "")
	case MayWrite(filepath.Dir(real)) != nil:
		return forbidden("its folder", filepath.Dir(real), ", and SQLite creates files beside the database")
	}
	for _, beside := range []string{real + "-wal", real + "-shm", real + "-journal"} {
		if _, err := os.Lstat(beside); err == nil && MayWrite(beside) != nil {
			return forbidden("the file beside it", beside, "")
		}
	}
	return "", ""
}

// lockedFolder returns the first folder on the path that is missing, is no folder, or may not be
// entered.
func lockedFolder(dir string) (what, do string) {
	if above := filepath.Dir(dir); above != dir {
		if what, do = lockedFolder(above); what != "" {
			return what, do
		}
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no folder " + dir, DoFolder
	case errors.Is(err, fs.ErrPermission):
		return forbidden("the folder above", filepath.Dir(dir), "")
	case err == nil && !info.IsDir():
		return dir + " is a file, and not a folder", "database.url (DATABASE_URL) names the file of the database"
	}
	if _, err := os.Lstat(filepath.Join(dir, "x")); errors.Is(err, fs.ErrPermission) {
		return forbidden("the folder", dir, "")
	}
	return "", ""
}

// forbidden says who may access a file or a folder, and as whom this process runs.
func forbidden(which, path, why string) (what, do string) {
	if errors.Is(MayWrite(path), syscall.EROFS) {
		return fmt.Sprintf("%s %s is on a file system that is mounted read-only%s", which, path, why),
			"mount it for writing, or set database.url (DATABASE_URL) to a file elsewhere"
	}
	what = fmt.Sprintf("authctl may not use %s %s%s", which, path, why)
	info, err := os.Stat(path)
	if err != nil {
		return what, "make the user that authctl runs as its owner"
	}
	uid, known := Owner(info)
	switch {
	case !known:
		return what, "let the user that authctl runs as write there"
	case uid == os.Geteuid():
		return fmt.Sprintf("authctl may not use %s %s (mode %04o)%s", which, path, info.Mode().Perm(), why), "run: chmod u+rwX " + path
	default:
		return fmt.Sprintf("authctl runs as the user %d and may not use %s %s, which belongs to the user %d (mode %04o)%s", os.Geteuid(), which, path, uid, info.Mode().Perm(), why),
			fmt.Sprintf("run authctl as the user %d, or chown it", uid)
	}
}
