package store

import "time"

// Migration is one step of the schema's history.
type Migration struct {
	Version   int64
	Name      string    // file name without directory, such as 00001_init.sql
	AppliedAt time.Time // zero when it is pending
}

// Schema is where a database stands.
type Schema struct {
	Current    int64 // highest applied version, 0 for none
	Latest     int64 // highest version this binary knows
	Migrations []Migration
}

// Check returns nil when the database is at the version this binary needs, and
// a [*SchemaError] otherwise.
func (s Schema) Check() error {
	if s.Current != s.Latest {
		return &SchemaError{Current: s.Current, Latest: s.Latest}
	}
	return nil
}
