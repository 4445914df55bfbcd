package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite/dbfile"
)

// FileError says why the file of a database cannot be opened or written to. It wraps what SQLite or the system said.
type FileError struct {
	Path string
	What string // is wrong, of which file or folder
	Do   string // what to do next
	Err  error
}

// Error says what is wrong.
func (e *FileError) Error() string { return fmt.Sprintf("database %s: %s", e.Path, e.What) }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

const (
	doRoom    = "make room on the disk of the database and try again; what could not be written has changed nothing"
	doRestore = "see that database.url (DATABASE_URL) names the right file; a damaged one is replaced by a backup, docs/operating.md has how"
	doFolder  = "make it, or let database.url (DATABASE_URL) name another; perhaps a volume is not mounted"
	doWait    = "another process is writing to the database: try again when it has finished"
	doDisk    = "see that the disk of the database works and has room, and that authctl may write to the file and its folder"
)

// Advice returns what to do about an error of this package, "" when it has none to give.
func Advice(err error) string {
	if e, ok := errors.AsType[*FileError](err); ok {
		return e.Do
	}
	e, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return ""
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return doRoom
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return doWait
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return doRestore
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM:
		if errors.Is(err, store.ErrFull) {
			return doRoom
		}
		return doDisk
	}
	return ""
}

// Check returns what would keep [Open] from the file at path, or from making it. It makes none, and opens none.
func Check(path string) error {
	err := prepareFile(Config{Path: path})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return explain(path, err)
	}
	if what, do := obstacle(path); what != "" {
		return &FileError{path, what, do, err}
	}
	return checkHeader(path)
}

// magic begins every file of SQLite (https://www.sqlite.org/fileformat.html, section 1.3).
const magic = "SQLite format 3\x00"

func checkHeader(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return explain(path, err)
	}
	defer f.Close() // before SQLite has it open: closing it later would end SQLite's locks
	head := make([]byte, len(magic))
	if n, _ := io.ReadFull(f, head); n > 0 && string(head[:n]) != magic {
		return &FileError{path, "it is not a database of SQLite", doRestore, nil}
	}
	return nil
}

// explain finds out why a file could not be opened: SQLite has one code for most of the reasons.
func explain(path string, err error) error {
	e, ofSQLite := errors.AsType[*driver.Error](err)
	_, ofSystem := errors.AsType[*fs.PathError](err)
	known, ok := errors.AsType[*FileError](err)
	switch {
	case ok:
		return known
	case !ofSQLite && !ofSystem, errors.Is(err, store.ErrReplaced), errors.Is(err, context.Canceled):
		return err
	case ofSQLite && e.Code()&0xff == sqlite3.SQLITE_NOTADB:
		return &FileError{path, "it is not a database of SQLite (" + e.Error() + ")", doRestore, err}
	case ofSQLite && e.Code()&0xff == sqlite3.SQLITE_CORRUPT:
		return &FileError{path, "it is damaged (" + e.Error() + ")", doRestore, err}
	}
	if what, do := obstacle(path); what != "" {
		return &FileError{path, what, do, err}
	}
	full := errors.Is(err, store.ErrFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
	if full || (!errors.Is(err, fs.ErrNotExist) && dbfile.Full(filepath.Dir(path))) {
		return &FileError{path, "its disk is full", doRoom, fmt.Errorf("%w: %w", store.ErrFull, err)}
	}
	return err
}

// obstacle looks for what keeps this process from the file, from the folders above it down to SQLite's
// two beside it.
func obstacle(path string) (what, do string) {
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
	case err == nil && dbfile.MayWrite(real) != nil:
		return forbidden("the file", real, "")
	case dbfile.MayWrite(filepath.Dir(real)) != nil:
		return forbidden("its folder", filepath.Dir(real), ", and SQLite makes files beside the database")
	}
	for _, beside := range []string{real + "-wal", real + "-shm", real + "-journal"} {
		if _, err := os.Lstat(beside); err == nil && dbfile.MayWrite(beside) != nil {
			return forbidden("the file beside it", beside, "")
		}
	}
	return "", ""
}

// lockedFolder finds the first folder on the way that is none, is missing, or lets nobody in.
func lockedFolder(dir string) (what, do string) {
	if above := filepath.Dir(dir); above != dir {
		if what, do = lockedFolder(above); what != "" {
			return what, do
		}
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no folder " + dir, doFolder
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

// forbidden says who may do what with a file or a folder, and who this process is.
func forbidden(which, path, why string) (what, do string) {
	if errors.Is(dbfile.MayWrite(path), syscall.EROFS) {
		return fmt.Sprintf("%s %s is on a file system that is mounted read-only%s", which, path, why),
			"mount it for writing, or let database.url (DATABASE_URL) name a file elsewhere"
	}
	what = fmt.Sprintf("authctl may not use %s %s%s", which, path, why)
	info, err := os.Stat(path)
	if err != nil {
		return what, "give it to the user that authctl runs as"
	}
	uid, known := dbfile.Owner(info)
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
