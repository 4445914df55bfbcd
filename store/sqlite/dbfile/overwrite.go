package dbfile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/authctl/authctl/store"
)

// Overwrites notices what is written into the database's file past SQLite, as by cp over it. SQLite writes
// there in checkpoints only, and counts in the write-ahead log's index how far they have come: a file
// that has changed while that count stands still was written to by something else.
type Overwrites struct {
	file    *File
	looking sync.Mutex
	at      progress // read before seen
	seen    os.FileInfo
	suspect os.FileInfo // a change that nothing explains yet
}

// progress is how far checkpoints have come. It never is the same again.
type progress struct {
	log  [logHeader]byte // of the write-ahead log, with a number that changes each time it begins anew
	done int64           // frames of the log that are in the file
}

const logHeader = 32 // bytes (https://www.sqlite.org/fileformat2.html#walformat)

// Overwrites returns what watches the file. There is one, whoever asks: what it has seen stays seen.
func (f *File) Overwrites() *Overwrites { return &f.overwrites }

// Check looks once, with a connection of its caller's. It is to be called several times a second.
func (o *Overwrites) Check(ctx context.Context, db *sql.Conn) error {
	if err := o.file.Check(); err != nil || runtime.GOOS == "windows" { // which tells the time of a write when the file is closed
		return err
	}
	o.looking.Lock()
	defer o.looking.Unlock()
	now, err := os.Stat(o.file.path)
	if err != nil {
		return o.unknown(err)
	}
	if o.seen != nil && unchanged(now, o.seen) {
		o.suspect = nil
		return nil
	}
	at, err := o.progress(ctx, db)
	if err != nil {
		return err
	}
	if o.seen == nil || at != o.at {
		o.suspect, o.at = nil, at
		if o.seen, err = os.Stat(o.file.path); err != nil {
			return o.unknown(err)
		}
		return nil
	}
	if o.suspect == nil || !unchanged(now, o.suspect) {
		o.suspect = now
		return nil
	}
	// A checkpoint that is under way counts when it has ended. None is when this one can begin.
	busy, _, err := checkpoint(ctx, db, "PASSIVE")
	if busy || ctx.Err() != nil {
		return err
	}
	if cannotWrite(err) { // so others have failed half-way, and counted nothing
		o.suspect = nil
		if o.seen, err = os.Stat(o.file.path); err != nil {
			return o.unknown(err)
		}
		return nil
	}
	return o.file.lose(database, "was written to by something other than SQLite", false)
}

// cannotWrite reports whether a statement failed because the disk is full or broken.
func cannotWrite(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code()&0xff == sqlite3.SQLITE_FULL || e.Code()&0xff == sqlite3.SQLITE_IOERR)
}

// unknown looks again at a file that could not be looked at.
func (o *Overwrites) unknown(err error) error {
	if lost := o.file.Check(); lost != nil {
		return lost
	}
	return fmt.Errorf("look at the database file: %w: %w", store.ErrUnavailable, err)
}

func unchanged(a, b os.FileInfo) bool { return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) }

// progress looks how far checkpoints have come. SQLite has no locks on the write-ahead log, which
// closing it here would end.
func (o *Overwrites) progress(ctx context.Context, db *sql.Conn) (at progress, err error) {
	f, err := os.Open(o.file.kept[log].path)
	if err != nil {
		return at, o.unknown(err)
	}
	defer f.Close()
	if _, err := f.ReadAt(at.log[:], 0); err != nil && !errors.Is(err, io.EOF) { // it may be empty
		return at, o.unknown(err)
	}
	_, at.done, err = checkpoint(ctx, db, "NOOP")
	return at, err
}

// checkpoint begins a checkpoint, or with NOOP only looks how far the latest has come.
func checkpoint(ctx context.Context, db *sql.Conn, mode string) (busy bool, done int64, err error) {
	var frames int64 // in the log
	err = db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(`+mode+`)`).Scan(&busy, &frames, &done)
	return busy, done, err
}
