package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// TestAMigrationThatBrokeInTheMiddleIsRunAgain creates what an interrupted CREATE INDEX
// CONCURRENTLY leaves: an invalid index, and the row in schema_versions that is written before
// goose's own.
func TestAMigrationThatBrokeInTheMiddleIsRunAgain(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	s, err := postgres.Open(t.Context(), postgres.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for suffix, index := range map[string]string{"_events_by_time.sql": "audit_events_account_idx", "_audit_trail.sql": "audit_events_time_idx"} {
		var broken store.Migration
		for !strings.HasSuffix(broken.Name, suffix) {
			if broken, err = s.MigrateDown(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, statement := range []string{
			fmt.Sprintf("CREATE INDEX %s ON audit_events (at)", index),
			fmt.Sprintf("UPDATE pg_index SET indisvalid = false WHERE indexrelid = '%s'::regclass", index),
			fmt.Sprintf("INSERT INTO schema_versions (version, min_version) VALUES (%d, %d)", broken.Version, broken.Version),
		} {
			if _, err := conn.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.MigrateUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		var valid int
		const count = `SELECT count(*) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE indisvalid AND relname = $1`
		if err := conn.QueryRow(t.Context(), count, index).Scan(&valid); err != nil {
			t.Fatal(err)
		}
		if valid != 1 {
			t.Errorf("%s is not valid", index)
		}
	}
}
