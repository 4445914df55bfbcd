package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // registers the driver

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Backend{
		Name:     "sqlite",
		New:      storetest.SQLite,
		NewEmpty: func(t testing.TB) string { return filepath.Join(t.TempDir(), "empty.db") },
		Open: func(t testing.TB, path string) store.Store {
			return open(t, sqlite.Config{Path: path, Create: true})
		},
		OpenPatient: func(t testing.TB, path string) store.Store { return open(t, sqlite.Config{Path: path}) },
		Foreign:     func(p store.Position) []store.Position { return []store.Position{p + "0"} }, // a later one
		Connect: func(t testing.TB, path string) *sql.DB {
			t.Helper()
			db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			return db
		},
	})
}

func open(t testing.TB, cfg sqlite.Config) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
