package storetest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/authctl/authctl/store/sqlite"
)

// SQLite returns the path of a fresh, migrated database file in the test's
// temporary folder.
func SQLite(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "authctl.db")
	s, err := sqlite.Open(context.Background(), sqlite.Config{Path: path, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.MigrateUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
