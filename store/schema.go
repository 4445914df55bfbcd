package store

import (
	"context"
	"time"
)

// Upkeep is the part of [Store] about the database as a whole: its schema, its state, a restore.
type Upkeep interface {
	// FinishRestore prepares a database that was restored from a backup for serving. It raises the
	// generation of the installation and of every user to the larger of itself + 1 and least, so
	// that everything issued before is dead. It replaces the feed by the one entry of that, removes
	// all nodes, and writes e and [Event.EndsEverybody]. Everything else stays. No server may run
	// meanwhile.
	FinishRestore(ctx context.Context, least int64, e Event) (Restoration, error)

	// Ready returns nil when the database answers and this binary runs correctly on its schema, as
	// [Schema.Check] decides. Otherwise it returns [ErrUnavailable] or a [SchemaError].
	Ready(ctx context.Context) error

	// Writable returns [ErrReadOnly] when the database reports that it takes no writes, because it
	// is a standby or was made read-only. It writes nothing, so nil does not mean that the disk has
	// room.
	Writable(ctx context.Context) error

	// Schema returns the migrations that this binary knows and which of them are applied. A
	// database without any table yields version 0.
	Schema(ctx context.Context) (Schema, error)

	// MigrateUp applies every pending migration and returns those it applied. Each runs in a
	// transaction; one that cannot is run again after it was interrupted. Concurrent callers wait
	// for each other. A schema that is newer than this binary knows has nothing pending if it suits
	// this binary; otherwise MigrateUp returns a [SchemaError].
	MigrateUp(ctx context.Context) ([]Migration, error)

	// MigrateDown reverts the newest applied migration and returns it. [ErrNotFound] when none is
	// applied. A schema that is newer than this binary knows is a [SchemaError], even if it suits
	// this binary.
	MigrateDown(ctx context.Context) (Migration, error)
}

// Migration is one step of the schema's history.
type Migration struct {
	Version    int64
	Name       string    // file name without directory, such as 00001_init.sql
	MinVersion int64     // oldest version a binary may know and still run correctly after this step
	AppliedAt  time.Time // zero when it is pending
}

// Schema is the state of a database's schema.
type Schema struct {
	Current    int64 // highest applied version, 0 for none
	Latest     int64 // highest version this binary knows
	MinVersion int64 // oldest Latest of a binary that runs correctly on this database; Current when the database does not state it
	Migrations []Migration
}

// Newer reports whether the database has migrations that this binary does not know.
func (s Schema) Newer() bool { return s.Current > s.Latest }

// Check returns nil when this binary runs correctly on the database. That holds when the database
// is at the version that this binary knows, or at a newer one that suits it. Otherwise Check
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
