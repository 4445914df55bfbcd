// Package dbfile guards the files of an open SQLite database: the file itself, the write-ahead
// log and its index. Connections are made through it. It notices when another file has taken
// the place of an open one.
//
// SQLite itself does not notice. After a restore by mv, or an rm of the write-ahead log,
// running processes continue with the old files and new ones open the new files. Both
// report success, and one of the two databases is lost. So each use of a connection first
// checks that the files are still the same. Once they are not, nothing is read or
// written.
package dbfile

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/authctl/authctl/store"
)

// File is an open database file.
type File struct {
	path   string
	kept   []kept // the three files, the database first
	anchor driver.Conn
	lost   atomic.Pointer[LostError]
	losing sync.Mutex // and for the anchor

	overwrites Overwrites
}

// kept is one of the files, as it was when opened.
type kept struct {
	path string
	info os.FileInfo
}

// LostError says that another file has taken the place of an open one, or that it is gone. It is a
// [store.ErrReplaced].
type LostError struct {
	Path  string // of the database, or of the file beside it that has changed
	What  string // what has happened to it
	Kept  bool   // everything committed is in the database's former file, wherever that is now
	Aside string // the new path of the write-ahead log; "" when it was not moved
}

// Error says which file is lost, what was found and what was done.
func (e *LostError) Error() string {
	text := fmt.Sprintf("%s %s while the database was open; nothing more is written", e.Path, e.What)
	if e.Kept {
		text += "; all that was committed before is in the database's own file, wherever that file is now"
	}
	if e.Aside != "" {
		text += "; its write-ahead log, which must not be used with another file, is now " + e.Aside
	}
	return text
}

// Unwrap returns [store.ErrReplaced].
func (e *LostError) Unwrap() error { return store.ErrReplaced }

// Find records which file is at path. It must be called before SQLite opens the file.
func Find(path string) (*File, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	f := &File{path: path}
	f.overwrites.file = f
	return f, f.keep(path)
}

// Path returns the absolute path of the file.
func (f *File) Path() string { return f.path }

func (f *File) keep(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	os.SameFile(info, info) // on Windows this reads the file's id, which must happen now
	f.kept = append(f.kept, kept{path, info})
	return nil
}

// Hold opens a connection that stays open until Close. While it exists, no other process deletes
// the write-ahead log as the last one to close it. So all three files must stay the same from then
// on.
func (f *File) Hold(ctx context.Context, c driver.Connector) error {
	var err error
	if f.anchor, err = c.Connect(ctx); err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(f.path) // SQLite puts its files beside this
	if err != nil {
		return err
	}
	f.kept = f.kept[:0]
	for _, path := range []string{f.path, real + "-wal", real + "-shm"} {
		if err := f.keep(path); err != nil {
			return err
		}
	}
	return f.Check()
}

// The order of the files that are kept.
const (
	database = iota
	log
	index
)

// Check returns nil while the files at their paths are the open ones. After a change it always
// returns a [*LostError]. If a path cannot be inspected now, it returns a [store.ErrUnavailable].
func (f *File) Check() error {
	if lost := f.lost.Load(); lost != nil {
		return lost
	}
	for which, k := range f.kept {
		info, err := os.Stat(k.path)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ELOOP):
			return f.lose(which, "is gone", which == database || which == log)
		case err != nil:
			return fmt.Errorf("check the database file: %w: %w", store.ErrUnavailable, err)
		case !os.SameFile(info, k.info):
			return f.lose(which, "was replaced by another file", which == database)
		case which == database && info.Size() == 0 && k.info.Size() > 0:
			return f.lose(which, "was emptied", false)
		}
	}
	return nil
}

// lose records that a file is lost. With save it copies the write-ahead log into the open database
// file; then that file belongs to nobody else, or the log has no name any more. It moves the log of
// a replaced file aside, because SQLite would apply it to the new file.
func (f *File) lose(which int, what string, save bool) error {
	f.losing.Lock()
	defer f.losing.Unlock()
	if lost := f.lost.Load(); lost != nil {
		return lost
	}
	lost := LostError{Path: f.kept[which].path, What: what}
	first := lost
	f.lost.Store(&first) // from now on no commit is confirmed
	if save && f.anchor != nil {
		lost.Kept = f.checkpoint()
	}
	if lost.Kept && which == database {
		lost.Aside = f.setAside(time.Now())
	}
	f.lost.Store(&lost)
	return &lost
}

// setAside renames the write-ahead log, if it is still ours, and removes its index.
func (f *File) setAside(now time.Time) string {
	for _, k := range f.kept[log:] {
		if info, err := os.Stat(k.path); err != nil || !os.SameFile(info, k.info) {
			return ""
		}
	}
	aside := f.kept[log].path + "." + now.UTC().Format("20060102T150405.000Z") + ".lost"
	if err := os.Rename(f.kept[log].path, aside); err != nil {
		return ""
	}
	os.Remove(f.kept[index].path) // the next process to open the database creates it again
	return aside
}

// Close releases the files. Lost files are left open until the process ends: SQLite would delete
// the write-ahead log by its name, which may belong to another database by now.
func (f *File) Close() error {
	f.losing.Lock()
	anchor := f.anchor
	f.anchor = nil
	f.losing.Unlock()
	if anchor == nil {
		return nil
	}
	defer f.overwrites.close()
	return anchor.Close()
}
