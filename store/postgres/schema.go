package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"

	"github.com/authctl/authctl/migrations"
	"github.com/authctl/authctl/store"
)

// latestVersion returns the newest migration that this binary knows.
func latestVersion() (int64, error) {
	files, err := fs.Glob(migrations.Postgres(), "*.sql")
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("read embedded migrations: %w", err)
	}
	return goose.NumericComponent(files[len(files)-1])
}

const (
	selectApplied = `SELECT version_id, tstamp FROM %s WHERE is_applied`

	// The migrations that an older release has applied. Another program may also write to this table.
	selectOlder = `
SELECT version_id, tstamp FROM %s
WHERE is_applied AND (version_id < $1 OR version_id IN (SELECT version FROM %s WHERE version < $2))`
	selectOldest = `SELECT version_id, tstamp FROM %s WHERE is_applied AND version_id < $1`
)

// Ready implements [store.Store].
func (s *Store) Ready(ctx context.Context) error {
	schema, err := s.standing(ctx)
	if err != nil {
		return err
	}
	if schema.Current == 0 {
		if err := s.home.elsewhere(ctx, s.pool); err != nil {
			return err
		}
	}
	if err := s.stays(ctx); err != nil {
		return err
	}
	return schema.Check()
}

// applied returns when each migration was applied. If authctl's own version table is missing, it
// reads that of older releases, if the tables beside it are authctl's.
func (s *Store) applied(ctx context.Context) (map[int64]time.Time, error) {
	all, err := s.readApplied(ctx, fmt.Sprintf(selectApplied, s.home.in(versionTable)))
	if !errors.Is(err, store.ErrSchema) {
		return all, err
	}
	if here, err := installed(ctx, s.pool); err != nil || !slices.Contains(here, s.home.schema) {
		return nil, translate("read schema version", err)
	}
	older := s.home.in("goose_db_version")
	all, err = s.readApplied(ctx, fmt.Sprintf(selectOlder, older, s.home.in("schema_versions")), migrations.FirstToSay, migrations.OwnVersions)
	if errors.Is(err, store.ErrSchema) {
		all, err = s.readApplied(ctx, fmt.Sprintf(selectOldest, older), migrations.FirstToSay)
	}
	if errors.Is(err, store.ErrSchema) {
		return nil, nil // no such table: nothing was ever applied
	}
	return all, err
}

func (s *Store) readApplied(ctx context.Context, query string, args ...any) (map[int64]time.Time, error) {
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, translate("read schema version", err)
	}
	var version int64
	var at time.Time
	all := map[int64]time.Time{}
	_, err = pgx.ForEachRow(rows, []any{&version, &at}, func() error {
		all[version] = at.UTC()
		return nil
	})
	return all, translate("read schema version", err)
}

// version returns the highest applied migration. Reverting a migration deletes its row, so the max
// is correct.
func (s *Store) version(ctx context.Context) (current int64, err error) {
	all, err := s.applied(ctx)
	for version := range all {
		current = max(current, version)
	}
	return current, err
}

const selectMinVersion = `
SELECT COALESCE((SELECT max(min_version) FROM %[1]s WHERE EXISTS (SELECT 1 FROM %[1]s WHERE version = $1::bigint)), $1::bigint)`

// minVersion returns the oldest version that a binary must know to run on this schema. If the
// database does not state it, that is the current version.
func (s *Store) minVersion(ctx context.Context, current int64) (oldest int64, err error) {
	err = translate("read schema version", s.pool.QueryRow(ctx, fmt.Sprintf(selectMinVersion, s.home.in("schema_versions")), current).Scan(&oldest))
	if errors.Is(err, store.ErrSchema) {
		return current, nil
	}
	return oldest, err
}

// standing returns the state of the schema without its migrations. It reads min_version only if
// this binary is older than the schema.
func (s *Store) standing(ctx context.Context) (schema store.Schema, err error) {
	schema.Latest = s.latest
	if schema.Current, err = s.version(ctx); err != nil || !schema.Newer() {
		return schema, err
	}
	schema.MinVersion, err = s.minVersion(ctx, schema.Current)
	return schema, err
}

// Schema implements [store.Store].
func (s *Store) Schema(ctx context.Context) (store.Schema, error) {
	schema, err := s.standing(ctx)
	if err != nil {
		return store.Schema{}, err
	}
	if schema.MinVersion, err = s.minVersion(ctx, schema.Current); err != nil {
		return store.Schema{}, err
	}
	applied, err := s.applied(ctx)
	if err != nil {
		return store.Schema{}, err
	}
	files, err := fs.Glob(migrations.Postgres(), "*.sql")
	if err != nil {
		return store.Schema{}, fmt.Errorf("read embedded migrations: %w", err)
	}
	for _, name := range files {
		m := store.Migration{Name: name}
		if m.Version, err = goose.NumericComponent(name); err != nil {
			return store.Schema{}, fmt.Errorf("read embedded migrations: %w", err)
		}
		if m.MinVersion, err = migrations.MinVersion(migrations.Postgres(), m.Name, m.Version); err != nil {
			return store.Schema{}, err
		}
		m.AppliedAt = applied[m.Version]
		schema.Migrations = append(schema.Migrations, m)
	}
	return schema, nil
}

// MigrateUp implements [store.Store].
func (s *Store) MigrateUp(ctx context.Context) ([]store.Migration, error) {
	if err := s.fits(ctx); err != nil {
		return nil, err
	}
	schema, err := s.standing(ctx)
	if err != nil {
		return nil, err
	}
	if schema.Current >= schema.Latest {
		return nil, schema.Check()
	}
	m, v, err := s.lockMigrations(ctx)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	p, err := m.provider(v)
	if err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	if err != nil {
		return nil, translate("migrate up", err)
	}
	applied := make([]store.Migration, 0, len(results))
	for _, r := range results {
		applied = append(applied, store.Migration{Version: r.Source.Version, Name: path.Base(r.Source.Path)})
	}
	return applied, nil
}

// MigrateDown implements [store.Store].
func (s *Store) MigrateDown(ctx context.Context) (store.Migration, error) {
	schema, err := s.standing(ctx)
	if err != nil {
		return store.Migration{}, err
	}
	if schema.Newer() {
		return store.Migration{}, &store.SchemaError{Current: schema.Current, Latest: schema.Latest, MinVersion: schema.MinVersion}
	}
	if schema.Current == 0 { // goose would create its table
		return store.Migration{}, fmt.Errorf("migrate down: %w", store.ErrNotFound)
	}
	m, v, err := s.lockMigrations(ctx)
	if err != nil {
		return store.Migration{}, err
	}
	defer m.Close()
	p, err := m.provider(v)
	if err != nil {
		return store.Migration{}, err
	}
	r, err := p.Down(ctx)
	if errors.Is(err, goose.ErrNoNextVersion) {
		return store.Migration{}, fmt.Errorf("migrate down: %w", store.ErrNotFound)
	}
	if err != nil {
		return store.Migration{}, translate("migrate down", err)
	}
	return store.Migration{Version: r.Source.Version, Name: path.Base(r.Source.Path)}, nil
}
