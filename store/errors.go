package store

import (
	"errors"
	"fmt"
)

// The sentinel errors. Backends translate their driver's codes into these and
// wrap them with the operation, so test with [errors.Is].
var (
	ErrNotFound    = errors.New("not found")
	ErrConflict    = errors.New("already exists")
	ErrSchema      = errors.New("schema mismatch")
	ErrUnavailable = errors.New("database unavailable")
	ErrReplaced    = errors.New("database replaced") // permanent: the database must be opened again
)

// ErrEmailTaken accompanies an [ErrConflict] over a verified address instead of a name.
var ErrEmailTaken = errors.New("address is verified by another user")

// ErrBusy accompanies an [ErrUnavailable] that is caused by load, not by a fault of the database.
// Either all connections of this process, or SQLite's only writing connection, were in use for too
// long; or others kept changing or locking the same row.
var ErrBusy = errors.New("too busy")

// SchemaError says that this binary does not run correctly on the database's schema, or cannot
// change it. It is an [ErrSchema].
type SchemaError struct {
	Current    int64 // version of the database, 0 when it is empty
	Latest     int64 // newest version this binary knows
	MinVersion int64 // oldest version that a binary must know to run on this database; 0 when the database is behind
}

// Error says whether the database or the binary is behind.
func (e *SchemaError) Error() string {
	switch {
	case e.Behind():
		return fmt.Sprintf("schema is at version %d, this binary needs %d", e.Current, e.Latest)
	case e.MinVersion > e.Latest:
		return fmt.Sprintf("schema is at version %d and is compatible with binaries that know version %d or newer, this binary knows %d", e.Current, e.MinVersion, e.Latest)
	}
	return fmt.Sprintf("schema is at version %d, newer than the %d this binary knows", e.Current, e.Latest)
}

// Unwrap returns [ErrSchema].
func (e *SchemaError) Unwrap() error { return ErrSchema }

// Behind reports whether migrating the database up would resolve the mismatch.
func (e *SchemaError) Behind() bool { return e.Current < e.Latest }
