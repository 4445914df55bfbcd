// Package migrations holds the schema's history: numbered SQL files in goose's
// format, the same numbers and names for each dialect. A file that was released
// is never changed; a newer version only adds.
package migrations

import (
	"embed"
	"io/fs"
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
