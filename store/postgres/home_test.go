package postgres_test

import (
	"context"
	"errors"
	neturl "net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// database gives a test direct access to the database of a store.
type database struct {
	testing.TB
	ctx  context.Context
	url  string
	conn *pgx.Conn
}

func newDatabase(t testing.TB, url string) *database {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return &database{t, t.Context(), url, conn}
}

func (d *database) exec(statements ...string) {
	d.Helper()
	for _, statement := range statements {
		if _, err := d.conn.Exec(d.ctx, statement); err != nil {
			d.Fatalf("%s: %v", statement, err)
		}
	}
}

func (d *database) text(query string, args ...any) (got string) {
	d.Helper()
	if err := d.conn.QueryRow(d.ctx, query, args...).Scan(&got); err != nil {
		d.Fatalf("%s: %v", query, err)
	}
	return got
}

// tables returns the number of tables of a schema.
func (d *database) tables(schema string) string {
	d.Helper()
	return d.text(`SELECT count(*)::text FROM pg_tables WHERE schemaname = $1`, schema)
}

// with returns the URL with another parameter in its query.
func (d *database) with(word, value string) string {
	d.Helper()
	u, err := neturl.Parse(d.url)
	if err != nil {
		d.Fatal(err)
	}
	q := u.Query()
	q.Set(word, value)
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	return u.String()
}

// second creates another installation in a schema.
func (d *database) second(schema string) *postgres.Store {
	d.Helper()
	d.exec(`CREATE SCHEMA IF NOT EXISTS ` + pgx.Identifier{schema}.Sanitize())
	s := open(d, postgres.Config{URL: d.with("search_path", pgx.Identifier{schema}.Sanitize()), SeparateSchema: schema})
	if _, err := s.MigrateUp(d.ctx); err != nil {
		d.Fatal(err)
	}
	return s
}

// sees checks that a store has the user alice, or no user.
func (d *database) sees(s *postgres.Store, want bool) {
	d.Helper()
	switch _, err := s.User(d.ctx, "alice"); {
	case want && err != nil:
		d.Errorf("alice is gone: %v", err)
	case !want && !errors.Is(err, store.ErrNotFound):
		d.Errorf("got %v, want nobody of that name", err)
	}
}

// refused checks for a refusal with this message and this advice.
func (d *database) refused(err error, says ...string) {
	d.Helper()
	refusal, ok := errors.AsType[*store.Refusal](err)
	if !ok {
		d.Errorf("got error %v, want it refused", err)
		return
	}
	for _, word := range says {
		if !strings.Contains(refusal.Message+"\n"+refusal.Advice, word) {
			d.Errorf("the refusal does not say %q: %s; %s", word, refusal.Message, refusal.Advice)
		}
	}
	if !errors.Is(err, store.ErrSchema) {
		d.Errorf("got %v, want a schema error", err)
	}
}

// TestASchemaThatAppearsInTheSearchPathChangesNothing creates a schema with the role's name,
// which is first in the default search path. A store that is open and one that is opened later
// must both ignore it.
func TestASchemaThatAppearsInTheSearchPathChangesNothing(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, storetest.Postgres(t))
	running := open(t, postgres.Config{URL: d.url})
	newSomeone(t, running)
	role := d.text(`SELECT current_user`)
	d.exec(`CREATE SCHEMA ` + pgx.Identifier{role}.Sanitize())
	later := open(t, postgres.Config{URL: d.url})
	running.Renew()
	for _, s := range []*postgres.Store{running, later} {
		if err := s.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		schema, err := s.Schema(t.Context())
		if err != nil || schema.Check() != nil {
			t.Errorf("schema %v, %v", schema, err)
		}
		for _, migrate := range []func() error{
			func() error { _, err := s.MigrateUp(t.Context()); return err },
			func() error { _, err := s.MigrateDown(t.Context()); return err },
			func() error { _, err := s.MigrateUp(t.Context()); return err },
		} {
			if err := migrate(); err != nil {
				t.Error(err)
			}
		}
		d.sees(s, true)
	}
	if got := d.tables(role); got != "0" {
		t.Errorf("%s tables were made in schema %s", got, role)
	}
}

func TestTablesInTwoSchemasOfTheSearchPathAreRefused(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, storetest.Postgres(t))
	running := open(t, postgres.Config{URL: d.url})
	newSomeone(t, running)
	role := d.text(`SELECT current_user`)
	second := d.second(role)

	_, err := postgres.Open(t.Context(), postgres.Config{URL: d.url})
	d.refused(err, "database "+d.text(`SELECT current_database()`), role+" (0 users)", "public (1 user)", "search_path="+role+" or public")
	running.Renew()
	d.sees(running, true)
	d.sees(second, false)
	if err := running.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	for name, word := range map[string][2]string{
		"by name":   {"search_path", "public"},
		"as option": {"options", "-csearch_path=public"},
	} {
		d.sees(open(t, postgres.Config{URL: d.with(word[0], word[1])}), true)
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestASearchPathThatLeavesTheTablesOutIsRefused(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, storetest.Postgres(t))
	newSomeone(t, open(t, postgres.Config{URL: d.url}))
	d.exec(`CREATE SCHEMA "Other one"`)
	for _, url := range []string{d.with("search_path", `"Other one"`), d.with("options", `-csearch_path="Other\ one"`), d.with("search_path", "nothing_here")} {
		s := open(t, postgres.Config{URL: url})
		schema, err := s.Schema(t.Context())
		if err != nil || schema.Current != 0 {
			t.Errorf("schema %v, %v", schema, err)
		}
		d.refused(s.Ready(t.Context()), "public (1 user)", "search_path=public", "--separate-schema")
		_, err = s.MigrateUp(t.Context())
		d.refused(err, "search")
		d.refused(func() error {
			_, err := open(t, postgres.Config{URL: url, SeparateSchema: "public"}).MigrateUp(t.Context())
			return err
		}(), "search")
	}
	if got := d.tables("Other one"); got != "0" {
		t.Errorf("%s tables were made", got)
	}
	second := d.second("Other one")
	d.sees(second, false)
	if err := second.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	d.sees(open(t, postgres.Config{URL: d.url}), true)
}

// TestWhatARoleIsGivenLaterChangesNothing gives a role another search path, which leads to
// tables, while a store is open.
func TestWhatARoleIsGivenLaterChangesNothing(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, storetest.Postgres(t))
	running := open(t, postgres.Config{URL: d.url})
	newSomeone(t, running)
	d.second("other")
	d.exec(`ALTER ROLE CURRENT_USER IN DATABASE ` + d.text(`SELECT current_database()`) + ` SET search_path = other`)
	running.Renew()
	d.sees(running, true)
	d.sees(open(t, postgres.Config{URL: d.url}), false)
	d.sees(open(t, postgres.Config{URL: d.with("search_path", "public")}), true)
}

// TestInstallationsInTwoSchemasDoNotDisturbEachOther ends everybody in one of them.
func TestInstallationsInTwoSchemasDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, storetest.Postgres(t))
	one := open(t, postgres.Config{URL: d.with("search_path", "public")})
	two := d.second("two")
	newSomeone(t, two).signIn("", uuid.Nil)
	before, err := two.Revocations(t.Context(), "", at)
	if err != nil {
		t.Fatal(err)
	}
	newSomeone(t, one).signIn("", uuid.Nil)
	everybody := login
	everybody.Action = store.ActionSessionsRevoked
	if _, err := one.EndSessions(t.Context(), store.Everyone(), everybody); err != nil {
		t.Fatal(err)
	}
	after, err := two.Revocations(t.Context(), before.Position, at)
	if err != nil || after.Whole || len(after.Entries) != 0 || after.Installation != before.Installation {
		t.Errorf("the other installation hears of %+v, %v", after, err)
	}
	d.exec(`SELECT pg_advisory_lock(` + d.text(`SELECT $1::bigint::text`, postgres.MigrationLock("public")) + `)`)
	for range 2 {
		if _, err := two.MigrateDown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := two.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := one.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestALoginThatTheServerRefusesIsSaidForWhatItIs(t *testing.T) {
	t.Parallel()
	good, err := neturl.Parse(storetest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*neturl.URL){
		"no such role":     func(u *neturl.URL) { u.User = neturl.User("nobody_of_that_name") },
		"no such database": func(u *neturl.URL) { u.Path = "/none_of_that_name" },
	} {
		u := *good
		change(&u)
		_, err := postgres.Open(t.Context(), postgres.Config{URL: u.String()})
		refusal, ok := errors.AsType[*store.Refusal](err)
		if !ok || !errors.Is(err, store.ErrUnavailable) || !strings.Contains(refusal.Message, "_of_that_name") || !strings.Contains(refusal.Advice, "database.url") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
