package postgres_test

import (
	"context"
	"database/sql"
	"os"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Backend{
		Name:     "postgres",
		New:      storetest.Postgres,
		NewEmpty: storetest.EmptyPostgres,
		Open: func(t testing.TB, url string) store.Store {
			return open(t, postgres.Config{URL: url})
		},
		OpenPatient: func(t testing.TB, url string) store.Store {
			s := open(t, postgres.Config{URL: url, StatementCache: "describe"}) // without a lock_timeout
			s.BePatient()
			return s
		},
		Foreign: func(p store.Position) (all []store.Position) {
			for i := range 3 { // system, line and boot; the fourth is the snapshot
				parts := strings.Split(string(p), "/")
				parts[i] += "1"
				all = append(all, store.Position(strings.Join(parts, "/")))
			}
			return all
		},
		Connect: func(t testing.TB, url string) *sql.DB {
			t.Helper()
			db, err := sql.Open("pgx", url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			return db
		},
	})
}

func open(t testing.TB, cfg postgres.Config) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
