// Package dbfile is the file of a SQLite database, and SQLite's two beside it: connections
// are made through it, and it notices when the files at their place are no longer
// those that are open.
//
// SQLite itself does not notice. After a restore by mv, or rm of the write-ahead log,
// the processes that are running go on with the old files and new ones take the new files:
// each reports success, and one of the two databases is lost. So each use of a connection
// looks first whether the files are still the same. Once they are not, nothing is read or
// written any more.
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
	kept   []kept // the database first
	anchor driver.Conn
	lost   atomic.Pointer[LostError]
	losing sync.Mutex // and for the anchor

	overwrites Overwrites
}

// kept is one of the files, as it was when it was opened.
type kept struct {
	path string
	info os.FileInfo
}

// LostError says that the file that is open is not the one at its place any more. It is a
// [store.ErrReplaced].
type LostError struct {
	Path  string // of the database, or of the file beside it that has changed
	What  string // has happened to it
	Kept  bool   // all that was committed is in the database's own file, wherever that is now
	Aside string // where the write-ahead log is now; "" when it was left
}

// Error says which file, and what was found and done.
func (e *LostError) Error() string {
	text := fmt.Sprintf("%s %s while the database was open; nothing more is written", e.Path, e.What)
	if e.Kept {
		text += "; all that was committed before is in the database's own file, wherever that is now"
	}
	if e.Aside != "" {
		text += "; its write-ahead log, which another file must not be used with, is now " + e.Aside
	}
	return text
}

// Unwrap makes a LostError a [store.ErrReplaced].
func (e *LostError) Unwrap() error { return store.ErrReplaced }

// Find notes which file is at path, before it is opened.
func Find(path string) (*File, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	f := &File{path: path}
	f.overwrites.file = f
	return f, f.keep(path)
}

// Path returns where it is, absolute.
func (f *File) Path() string { return f.path }

func (f *File) keep(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	os.SameFile(info, info) // on Windows that asks for the file's id, which must not wait
	f.kept = append(f.kept, kept{path, info})
	return nil
}

// Hold opens a connection that stays until Close. With it the write-ahead log is never the
// last one's to delete, so that from now on all three files must stay what they are.
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

// Check returns nil while the files at their place are those that are open, and then always a
// [*LostError]. A place that cannot be looked at now is a [store.ErrUnavailable].
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
			return fmt.Errorf("look at the database file: %w: %w", store.ErrUnavailable, err)
		case !os.SameFile(info, k.info):
			return f.lose(which, "was replaced by another file", which == database)
		case which == database && info.Size() == 0 && k.info.Size() > 0:
			return f.lose(which, "was emptied", false)
		}
	}
	return nil
}

// lose remembers what has happened. With save, what is in the write-ahead log is brought into the
// file that is open: it is nobody else's, or the log has no name any more. The log of a file that
// was replaced is set aside, because SQLite would apply it to the one that has come.
func (f *File) lose(which int, what string, save bool) error {
	f.losing.Lock()
	defer f.losing.Unlock()
	if lost := f.lost.Load(); lost != nil {
		return lost
	}
	lost := LostError{Path: f.kept[which].path, What: what}
	first := lost
	f.lost.Store(&first) // what is committed from now on is confirmed to nobody
	if save && f.anchor != nil {
		lost.Kept = f.checkpoint()
	}
	if lost.Kept && which == database {
		lost.Aside = f.setAside(time.Now())
	}
	f.lost.Store(&lost)
	return &lost
}

// setAside gives the write-ahead log another name, if it is still ours, and removes its index.
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
	os.Remove(f.kept[index].path) // the next to open the database makes it anew
	return aside
}

// Close gives the files up. Lost ones are left as they are until the process ends: SQLite would
// delete the write-ahead log by its name, and that may be another database's by now.
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
