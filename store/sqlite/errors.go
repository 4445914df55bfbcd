package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite/dbfile"
)

// translate wraps a driver's error with the operation and the sentinel that its
// result code (https://www.sqlite.org/rescode.html) stands for.
func translate(op string, err error) error {
	if err == nil {
		return nil
	}
	if sentinel := sentinelOf(err); sentinel != nil {
		return fmt.Errorf("%s: %w: %w", op, sentinel, err)
	}
	return fmt.Errorf("%s: %w", op, err)
}

// translateWrite translates an error of a write. If SQLite's code does not say what is wrong with the file, it finds
// out. A full disk is usually SQLITE_FULL, but SQLITE_IOERR if SQLite needs space for more than the page itself.
func (s *Store) translateWrite(op string, err error) error {
	e, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return translate(op, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return dbfile.Explain(s.file.Path(), translate(op, err))
	}
	return translate(op, err)
}

// errEmailTaken means that another user has verified an address.
var errEmailTaken = fmt.Errorf("%w: %w", store.ErrConflict, store.ErrEmailTaken)

func sentinelOf(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return store.ErrNotFound
	}
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return sentinelOfCode(e.Code())
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sql.ErrConnDone) {
		return store.ErrUnavailable
	}
	return nil
}

func sentinelOfCode(code int) error {
	switch code { // extended codes
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return store.ErrConflict
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: // the user is gone
		return store.ErrNotFound
	}
	switch code & 0xff { // their primary codes
	case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA:
		// This is the generic error. Our statements are constants that the suite runs,
		// so the cause is a missing table or column.
		return store.ErrSchema
	case sqlite3.SQLITE_READONLY:
		return store.ErrReadOnly
	case sqlite3.SQLITE_FULL:
		return store.ErrFull
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PERM:
		return store.ErrUnavailable
	}
	return nil
}
