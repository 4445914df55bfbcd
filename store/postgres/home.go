package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/authctl/authctl/store"
)

// home is the schema that has or will have authctl's tables. It is found once, when the store is
// opened, and stays the same even if the search path changes.
type home struct {
	database string
	role     string
	schema   string   // "" when no schema of the search path exists
	path     []string // the schemas of the search path
	pinned   bool     // connections set the schema as search path; a pooler may not pass that on
}

const selectHome = `
SELECT current_database(), current_user, COALESCE(current_schema(), ''), CAST(current_schemas(false) AS TEXT[])`

// selectInstalled finds the schemas that have authctl's tables. Every role may read the catalog.
const selectInstalled = `
SELECT CAST(n.nspname AS TEXT)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'installation_generation' AND NOT a.attisdropped
WHERE c.relname = 'refresh_tokens' AND c.relkind IN ('r', 'p') AND NOT starts_with(n.nspname, 'pg_')
ORDER BY n.nspname`

// querier is a connection, or a pool of them.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func installed(ctx context.Context, db querier) ([]string, error) {
	rows, err := db.Query(ctx, selectInstalled)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// findHome returns the schema of the search path that has authctl's tables, or its first schema if
// none has. It returns a [*store.Refusal] if several have them.
func findHome(ctx context.Context, db querier) (h home, err error) {
	if err := db.QueryRow(ctx, selectHome).Scan(&h.database, &h.role, &h.schema, &h.path); err != nil {
		return h, err
	}
	all, err := installed(ctx, db)
	if err != nil {
		return h, err
	}
	here := slices.DeleteFunc(slices.Clone(h.path), func(schema string) bool { return !slices.Contains(all, schema) })
	switch len(here) {
	case 0:
		return h, nil
	case 1:
		h.schema = here[0]
		return h, nil
	}
	return h, &store.Refusal{
		Err: store.ErrSchema,
		Message: fmt.Sprintf("database %s has authctl's tables in %d schemas of the search path: %s; nothing was read or changed",
			h.database, len(here), describe(ctx, db, here)),
		Advice: fmt.Sprintf("choose the schema that holds your users: add search_path=%s to database.url, or ALTER ROLE %s SET search_path = %[1]s; "+
			"remove the tables of the other one when nobody needs them", strings.Join(here, " or "), h.role),
	}
}

// elsewhere returns a [*store.Refusal] when other schemas of the database have authctl's tables and
// h has none.
func (h home) elsewhere(ctx context.Context, db querier) error {
	others, err := installed(ctx, db)
	if err != nil {
		return translate("find authctl's tables", err)
	}
	if slices.Contains(others, h.schema) || len(others) == 0 {
		return nil
	}
	where := "the schema " + h.schema
	if h.schema == "" {
		where = "the search path"
	}
	return &store.Refusal{
		Err: store.ErrSchema,
		Message: fmt.Sprintf("database %s has authctl's tables in %[4]s, and none in %[2]s; database.url and the role %[3]s lead to %[2]s",
			h.database, where, h.role, describe(ctx, db, others)),
		Advice: fmt.Sprintf("add search_path=%s to database.url; for another installation, with no users, run authctl migrate up --separate-schema NAME",
			strings.Join(others, " or ")),
	}
}

// fits fails when tables must not be created: when another schema has them, or no schema exists. It
// allows tables that are there already.
func (s *Store) fits(ctx context.Context) error {
	h, separate := s.home, s.separate
	switch {
	case separate == "":
		if err := h.elsewhere(ctx, s.pool); err != nil || h.schema != "" {
			return err
		}
		return h.missing()
	case h.schema == "":
		return h.missing()
	case separate != h.schema:
		return &store.Refusal{
			Err:     store.ErrSchema,
			Message: fmt.Sprintf("in database %s the search path leads to schema %s, not to %s", h.database, h.schema, separate),
			Advice:  fmt.Sprintf("CREATE SCHEMA %s, and add search_path=%[1]s to database.url", separate),
		}
	}
	return nil
}

// missing returns the error for a search path without an existing schema.
func (h home) missing() error {
	return &store.Refusal{
		Err:     store.ErrSchema,
		Message: fmt.Sprintf("in database %s no schema of the search path exists, or the role %s may use none of them", h.database, h.role),
		Advice:  "CREATE SCHEMA makes one, GRANT USAGE ON SCHEMA lets the role use it; search_path=NAME in database.url names another",
	}
}

const countedUsers = 100_000 // max users to count in a schema

// describe lists schemas with their numbers of users. It leaves out numbers that the role may not
// read, and those of locked tables.
func describe(ctx context.Context, db querier, schemas []string) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	all := make([]string, len(schemas))
	for i, schema := range schemas {
		var n int
		count := fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM %s LIMIT %d) u`, pgx.Identifier{schema, "users"}.Sanitize(), countedUsers+1)
		var users string
		switch err := db.QueryRow(ctx, count).Scan(&n); {
		case err != nil:
			users = "its users cannot be counted"
		case n > countedUsers:
			users = fmt.Sprintf("more than %d users", countedUsers)
		case n == 1:
			users = "1 user"
		default:
			users = fmt.Sprintf("%d users", n)
		}
		all[i] = fmt.Sprintf("%s (%s)", schema, users)
	}
	return strings.Join(all, ", ")
}

// searchPath returns a search path of one schema. Temporary tables are named last, because they
// would otherwise come first.
func (h home) searchPath() string { return pgx.Identifier{h.schema}.Sanitize() + ", pg_temp" }

// in returns the qualified name of a table, for a statement that must not depend on the search
// path.
func (h home) in(table string) string {
	if h.schema == "" {
		return table
	}
	return pgx.Identifier{h.schema, table}.Sanitize()
}

// enter sets the search path of a migration's session, if the connection settings have not.
func (h home) enter(ctx context.Context, conn *pgx.Conn) error {
	if h.schema == "" || h.pinned {
		return nil
	}
	_, err := conn.Exec(ctx, `SELECT set_config('search_path', $1, false)`, h.searchPath())
	return err
}

// locate finds the home on a connection with the search path of the URL and the role.
func locate(ctx context.Context, pc *pgxpool.Config) (home, error) {
	conn, err := pgx.ConnectConfig(ctx, pc.ConnConfig.Copy())
	if err != nil {
		return home{}, openError(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	h, err := findHome(ctx, conn)
	if err != nil {
		return home{}, openError(err)
	}
	_, sends := pc.ConnConfig.RuntimeParams["lock_timeout"] // settings that a pooler may refuse
	h.pinned = sends && h.schema != ""
	return h, nil
}

// open creates the pool. Its connections set the schema as search path, unless a pooler refuses the
// setting or drops it.
func (h *home) open(ctx context.Context, pc *pgxpool.Config) (*pgxpool.Pool, error) {
	cfg := pc.Copy()
	if h.pinned {
		cfg.ConnConfig.RuntimeParams["search_path"] = h.searchPath()
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, openError(err)
	}
	asked := h.pinned
	if !asked {
		err = pool.Ping(ctx)
	} else {
		err = pool.QueryRow(ctx, `SELECT current_setting('search_path') = $1`, h.searchPath()).Scan(&h.pinned)
	}
	if asked && (refusedSetting(err) || err == nil && !h.pinned) {
		pool.Close()
		h.pinned = false
		return h.open(ctx, pc)
	}
	if err != nil {
		pool.Close()
		return nil, openError(err)
	}
	return pool, nil
}

// refusedSetting reports whether PgBouncer has refused a setting that it does not know
// (protocol_violation).
func refusedSetting(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "08P01"
}

func openError(err error) error {
	if refusal, ok := errors.AsType[*store.Refusal](err); ok {
		return refusal
	}
	if refusal := refusedLogin(err); refusal != nil {
		return refusal
	}
	if refusedSetting(err) {
		return fmt.Errorf("open database: behind PgBouncer the statement cache must be describe or none: %w", err)
	}
	return translate("open database", err)
}

// selectReached finds the schema to which unqualified names lead.
const selectReached = `
SELECT CAST(n.nspname AS TEXT) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass('refresh_tokens')`

// stays fails when unqualified names lead to another schema than at Open. Behind a pooler the
// search path may change.
func (s *Store) stays(ctx context.Context) error {
	if s.home.pinned || s.home.schema == "" {
		return nil
	}
	var schema string
	if err := s.pool.QueryRow(ctx, selectReached).Scan(&schema); err != nil {
		return translate("find authctl's tables", err)
	}
	if schema == s.home.schema {
		return nil
	}
	return &store.Refusal{
		Err:     store.ErrSchema,
		Message: fmt.Sprintf("in database %s the search path has changed: it leads to authctl's tables in schema %s now, to those in schema %s before", s.home.database, schema, s.home.schema),
		Advice:  fmt.Sprintf("ALTER ROLE %s SET search_path = %s, or remove the tables of %s when nobody needs them", s.home.role, s.home.schema, schema),
	}
}
