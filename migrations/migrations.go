// Package migrations holds the schema's history: numbered SQL files in goose's
// format, the same numbers and names for each dialect. A file that was released
// is never changed; a newer version only adds.
//
// Each migration states the oldest version a binary may know and still run
// correctly after it. Its Up part ends with the line
//
//	INSERT INTO schema_versions (version, min_version) VALUES (8, 5);
//
// in which 8 is its own number. Its Down part ends with the line
//
//	DELETE FROM schema_versions WHERE version = 8;
//
// Copy min_version from the migration before, so that older servers keep running while newer
// ones are rolled out. Only a migration that breaks older binaries raises it, at most to its own
// number. Such a migration removes, renames or redefines what they use.
//
// In PostgreSQL an index on a table that may be large is made CONCURRENTLY, in a
// migration of its own that says "-- +goose NO TRANSACTION" and can be run again after
// an interruption; events_by_time is an example.
package migrations

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"sync"
)

//go:embed postgres/*.sql
var postgres embed.FS

//go:embed sqlite/*.sql
var sqlite embed.FS

// Postgres returns the migrations of PostgreSQL.
func Postgres() fs.FS { return sub(postgres, "postgres") }

// SQLite returns the migrations of SQLite.
func SQLite() fs.FS { return sub(sqlite, "sqlite") }

func sub(files embed.FS, dir string) fs.FS {
	root, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // only a malformed dir, which is one of the two constants above
	}
	return root
}

var statement = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^INSERT INTO schema_versions \(version, min_version\) VALUES \((\d+), (\d+)\);$`)
})

// MinVersion returns the min_version that a migration file states for a version. If the file states
// none, it returns the version itself: only binaries that know the migration run correctly after
// it.
func MinVersion(files fs.FS, name string, version int64) (int64, error) {
	sql, err := fs.ReadFile(files, name)
	if err != nil {
		return 0, fmt.Errorf("read migration: %w", err)
	}
	stated := statement().FindSubmatch(sql)
	if stated == nil || string(stated[1]) != strconv.FormatInt(version, 10) {
		return version, nil
	}
	return strconv.ParseInt(string(stated[2]), 10, 64)
}
