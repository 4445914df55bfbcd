package store

import (
	"context"
	"time"
)

// Upkeep is what a [Store] tells of its database, and does with all of it.
type Upkeep interface {
	// FinishRestore makes a database that was restored from a backup fit to serve: it moves the
	// generation of the installation and of every user to the larger of itself + 1 and least, so
	// that what was issued before is dead; it empties the feed, which then holds the entry of that
	// alone, forgets all nodes, and writes e and [Event.EndsEverybody]. Everything else stays. No
	// server may run meanwhile.
	FinishRestore(ctx context.Context, least int64, e Event) (Restoration, error)

	// Ready returns nil when the database answers and this binary runs correctly on
	// its schema, as [Schema.Check] decides; else [ErrUnavailable] or a [SchemaError].
	Ready(ctx context.Context) error

	// Writable returns [ErrReadOnly] when the database itself says that it takes no writes: a
	// standby, or one that was made read-only. It writes nothing, so nil says nothing about
	// its disk.
	Writable(ctx context.Context) error

	// Schema returns the migrations this binary knows and which are applied. A
	// database without any table yields version 0.
	Schema(ctx context.Context) (Schema, error)

	// MigrateUp applies every pending migration, each in a transaction or, after it
	// broke in the middle, once more, and returns those it applied. Concurrent callers wait for each other. A schema that
	// is newer than this binary knows has nothing pending when it suits this binary,
	// and is a [SchemaError] when it does not.
	MigrateUp(ctx context.Context) ([]Migration, error)

	// MigrateDown takes the newest applied migration back and returns it.
	// [ErrNotFound] when none is applied. A schema that is newer than this binary knows
	// is a [SchemaError], also when it suits this binary.
	MigrateDown(ctx context.Context) (Migration, error)
}

// Migration is one step of the schema's history.
type Migration struct {
	Version    int64
	Name       string    // file name without directory, such as 00001_init.sql
	MinVersion int64     // oldest version a binary may know and still run correctly after this step
	AppliedAt  time.Time // zero when it is pending
}

// Schema is where a database stands.
type Schema struct {
	Current    int64 // highest applied version, 0 for none
	Latest     int64 // highest version this binary knows
	MinVersion int64 // oldest Latest of a binary that runs correctly on this database; Current when it does not say
	Migrations []Migration
}

// Newer reports whether the database has migrations that this binary does not know.
func (s Schema) Newer() bool { return s.Current > s.Latest }

// Check returns nil when this binary runs correctly on the database: it is at the
// version that this binary knows, or at a newer one that suits it. Otherwise it
// returns a [*SchemaError].
func (s Schema) Check() error {
	switch {
	case s.Current < s.Latest:
		return &SchemaError{Current: s.Current, Latest: s.Latest}
	case s.Newer() && s.MinVersion > s.Latest:
		return &SchemaError{Current: s.Current, Latest: s.Latest, MinVersion: s.MinVersion}
	}
	return nil
}
