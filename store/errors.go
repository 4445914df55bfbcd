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
)

// SchemaError says that the database's schema is not the one this binary was
// built for. It is an [ErrSchema].
type SchemaError struct {
	Current int64 // version of the database, 0 when it is empty
	Latest  int64 // version this binary was built for
}

// Error says which side is behind.
func (e *SchemaError) Error() string {
	if e.Current > e.Latest {
		return fmt.Sprintf("schema is at version %d, newer than the %d this binary knows", e.Current, e.Latest)
	}
	return fmt.Sprintf("schema is at version %d, this binary needs %d", e.Current, e.Latest)
}

// Unwrap makes a SchemaError an [ErrSchema].
func (e *SchemaError) Unwrap() error { return ErrSchema }

// Behind reports whether migrating the database up would mend the mismatch.
func (e *SchemaError) Behind() bool { return e.Current < e.Latest }
