package store

import "time"

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
