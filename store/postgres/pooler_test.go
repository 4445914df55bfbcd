package postgres_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// TestBehindPgBouncerAChangeOfTheSearchPathIsNoticed creates a second set of tables in a
// schema that is first in the search path. PgBouncer uses the search path of the role,
// whatever the client requests.
func TestBehindPgBouncerAChangeOfTheSearchPathIsNoticed(t *testing.T) {
	t.Parallel()
	cluster := storetest.NewCluster(t)
	direct := newDatabase(t, cluster.CreateDatabase(t, "pooled"))
	if _, err := open(t, postgres.Config{URL: direct.url}).MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	pooled := storetest.NewBouncer(t, "transaction", cluster).URL("pooled")
	for _, cache := range []string{"describe", "none"} {
		running := open(t, postgres.Config{URL: pooled, StatementCache: cache})
		if err := running.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if cache == "describe" {
			newSomeone(t, running)
		}
		feed, err := running.Revocations(t.Context(), "", at)
		if err != nil {
			t.Fatal(err)
		}
		role := direct.text(`SELECT current_user`)
		direct.second(role)
		direct.refused(running.Ready(t.Context()), "schema "+role, "public", "ALTER ROLE")
		_, err = running.Revocations(t.Context(), feed.Position, at)
		direct.refused(err, "ALTER ROLE")
		_, err = postgres.Open(t.Context(), postgres.Config{URL: pooled, StatementCache: cache})
		direct.refused(err, role+" (0 users)", "public (1 user)")
		direct.exec(`DROP SCHEMA ` + pgx.Identifier{role}.Sanitize() + ` CASCADE`)
		if err := running.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		direct.sees(running, true)
	}
	if _, err := postgres.Open(t.Context(), postgres.Config{URL: pooled}); err == nil || !strings.Contains(err.Error(), "statement cache") {
		t.Errorf("got %v, want the statement cache to be blamed", err)
	}
}

// TestAPoolerThatDropsTheSearchPathIsFoundOut: PgBouncer accepts the setting and ignores it.
func TestAPoolerThatDropsTheSearchPathIsFoundOut(t *testing.T) {
	t.Parallel()
	cluster := storetest.NewCluster(t)
	direct := newDatabase(t, cluster.CreateDatabase(t, "pooled"))
	if _, err := open(t, postgres.Config{URL: direct.url}).MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	const timeouts = "lock_timeout,statement_timeout,idle_in_transaction_session_timeout"
	for _, ignored := range []string{timeouts, timeouts + ",search_path"} {
		pooled := storetest.NewBouncer(t, "session", cluster, "ignore_startup_parameters = "+ignored).URL("pooled")
		running := open(t, postgres.Config{URL: pooled})
		if err := running.Ready(t.Context()); err != nil {
			t.Fatalf("with %s ignored: %v", ignored, err)
		}
		role := direct.text(`SELECT current_user`)
		direct.second(role)
		direct.refused(running.Ready(t.Context()), "schema "+role, "public")
		direct.exec(`DROP SCHEMA ` + pgx.Identifier{role}.Sanitize() + ` CASCADE`)

		if _, err := running.MigrateDown(t.Context()); err != nil { // on a session of its own
			t.Fatal(err)
		}
		direct.exec(`CREATE SCHEMA ` + pgx.Identifier{role}.Sanitize())
		if _, err := running.MigrateUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := direct.tables(role); got != "0" {
			t.Errorf("%s tables were made in schema %s", got, role)
		}
		direct.exec(`DROP SCHEMA ` + pgx.Identifier{role}.Sanitize())
	}
}

// TestBehindPgBouncerRotationsTravelTogether has a pooler that gives each statement another
// connection.
func TestBehindPgBouncerRotationsTravelTogether(t *testing.T) {
	t.Parallel()
	cluster := storetest.NewCluster(t)
	bouncer := storetest.NewBouncer(t, "transaction", cluster)
	for _, cache := range []string{"describe", "none"} {
		direct := cluster.CreateDatabase(t, cache)
		if _, err := open(t, postgres.Config{URL: direct}).MigrateUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		q := newQueued(t, postgres.Config{URL: bouncer.URL(cache), StatementCache: cache}, 30)
		q.url = direct
		for range 2 {
			q.together()
			q.allRotated()
			for i := range q.tokens {
				q.tokens[i] = q.next(i)
			}
		}
	}
}
