package authn

import (
	"context"
	"database/sql"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver

	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

// database gives a test access to the database behind a store, to cause faults.
type database struct {
	*sql.DB
	ctx context.Context
}

// onBothDatabases runs a test on SQLite and on PostgreSQL that accesses the database directly.
func onBothDatabases(t *testing.T, story func(t *testing.T, f *fixture, db *database)) {
	t.Helper()
	onBothPools(t, 0, story)
}

// onBothPools is onBothDatabases with a max number of connections to PostgreSQL; 0 for the default.
func onBothPools(t *testing.T, connections int32, story func(t *testing.T, f *fixture, db *database)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB) (*fixture, *sql.DB){
		"sqlite": func(t testing.TB) (*fixture, *sql.DB) {
			path := storetest.SQLite(t)
			st, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { st.Close() })
			return newFixture(t, st, nil), connect(t, "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
		},
		"postgres": func(t testing.TB) (*fixture, *sql.DB) {
			url := storetest.Postgres(t)
			st, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConnections: connections})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { st.Close() })
			return newFixture(t, st, nil), connect(t, "pgx", url)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, db := open(t)
			story(t, f, &database{db, t.Context()})
		})
	}
}

func connect(t testing.TB, driver, name string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func (db *database) exec(t failer, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(db.ctx, s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// keep saves the sessions and the users' generations.
func (db *database) keep(t failer) {
	t.Helper()
	db.exec(t, `DROP TABLE IF EXISTS kept`, `CREATE TABLE kept AS SELECT * FROM refresh_tokens`,
		`DROP TABLE IF EXISTS kept_users`, `CREATE TABLE kept_users AS SELECT id, generation FROM users`)
}

// putBack restores what keep saved. So the database loses the commits since then, as after a
// failover to a replica that has not received them, or after the restore of a backup.
func (db *database) putBack(t failer) {
	t.Helper()
	db.exec(t, `DELETE FROM refresh_tokens`, `INSERT INTO refresh_tokens SELECT * FROM kept`,
		`UPDATE users SET generation = k.generation FROM kept_users k WHERE k.id = users.id AND k.generation <> users.generation`)
}

// count returns how many events of an action there are.
func (db *database) count(t failer, action string) (n int) {
	t.Helper()
	if err := db.QueryRowContext(db.ctx, `SELECT count(*) FROM audit_events WHERE action = '`+action+`'`).Scan(&n); err != nil {
		t.Fatalf("count events: %v", err)
	}
	return n
}
