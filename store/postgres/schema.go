package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/authctl/authctl/migrations"
	"github.com/authctl/authctl/store"
)

// latestVersion returns the newest migration this binary knows.
func latestVersion() (int64, error) {
	files, err := fs.Glob(migrations.Postgres(), "*.sql")
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("read embedded migrations: %w", err)
	}
	return goose.NumericComponent(files[len(files)-1])
}

const selectVersion = `SELECT COALESCE(max(version_id), 0) FROM goose_db_version`

// Ready implements [store.Store].
func (s *Store) Ready(ctx context.Context) error {
	schema, err := s.standing(ctx)
	if err != nil {
		return err
	}
	return schema.Check()
}

// version returns the highest applied migration. Taking one back deletes its
// row, so the maximum is the truth.
func (s *Store) version(ctx context.Context) (int64, error) {
	var current int64
	err := translate("read schema version", s.pool.QueryRow(ctx, selectVersion).Scan(&current))
	if errors.Is(err, store.ErrSchema) {
		return 0, nil // no such table: nothing was ever applied
	}
	return current, err
}

const selectMinVersion = `
SELECT COALESCE((SELECT max(min_version) FROM schema_versions WHERE EXISTS (SELECT 1 FROM schema_versions WHERE version = $1::bigint)), $1::bigint)`

// minVersion returns the oldest version a binary may know to run on this version. A
// database that does not say suits only those who know it.
func (s *Store) minVersion(ctx context.Context, current int64) (oldest int64, err error) {
	err = translate("read schema version", s.pool.QueryRow(ctx, selectMinVersion, current).Scan(&oldest))
	if errors.Is(err, store.ErrSchema) {
		return current, nil
	}
	return oldest, err
}

// standing returns where the database stands, without its migrations. What it says of
// older binaries is read only when this is one.
func (s *Store) standing(ctx context.Context) (schema store.Schema, err error) {
	schema.Latest = s.latest
	if schema.Current, err = s.version(ctx); err != nil || !schema.Newer() {
		return schema, err
	}
	schema.MinVersion, err = s.minVersion(ctx, schema.Current)
	return schema, err
}

// provider opens goose on a connection of its own, on which a statement may take
// as long as it takes. The session lock makes concurrent callers wait for each
// other; it is tried each second, for five minutes.
func (s *Store) provider() (*goose.Provider, func() error, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return nil, nil, fmt.Errorf("make migration lock: %w", err)
	}
	cfg := s.pool.Config().ConnConfig
	for _, name := range []string{"statement_timeout", "idle_in_transaction_session_timeout"} {
		if _, sent := cfg.RuntimeParams[name]; sent {
			cfg.RuntimeParams[name] = "0" // stronger than what the role may have set
		}
	}
	db := stdlib.OpenDB(*cfg)
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Postgres(),
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		db.Close()
		return nil, nil, fmt.Errorf("load migrations: %w", err)
	}
	return p, db.Close, nil
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
	p, closeDB, err := s.provider()
	if err != nil {
		return store.Schema{}, err
	}
	defer closeDB()
	applied := map[int64]time.Time{}
	if schema.Current > 0 { // else asking goose would create its table
		status, err := p.Status(ctx)
		if err != nil {
			return store.Schema{}, translate("read schema", err)
		}
		for _, m := range status {
			applied[m.Source.Version] = m.AppliedAt.UTC()
		}
	}
	for _, source := range p.ListSources() {
		m := store.Migration{Version: source.Version, Name: path.Base(source.Path), AppliedAt: applied[source.Version]}
		if m.MinVersion, err = migrations.MinVersion(migrations.Postgres(), m.Name, m.Version); err != nil {
			return store.Schema{}, err
		}
		schema.Migrations = append(schema.Migrations, m)
	}
	return schema, nil
}

// MigrateUp implements [store.Store].
func (s *Store) MigrateUp(ctx context.Context) ([]store.Migration, error) {
	schema, err := s.standing(ctx)
	if err != nil {
		return nil, err
	}
	if schema.Newer() {
		return nil, schema.Check()
	}
	p, closeDB, err := s.provider()
	if err != nil {
		return nil, err
	}
	defer closeDB()
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
	p, closeDB, err := s.provider()
	if err != nil {
		return store.Migration{}, err
	}
	defer closeDB()
	r, err := p.Down(ctx)
	if errors.Is(err, goose.ErrNoNextVersion) {
		return store.Migration{}, fmt.Errorf("migrate down: %w", store.ErrNotFound)
	}
	if err != nil {
		return store.Migration{}, translate("migrate down", err)
	}
	return store.Migration{Version: r.Source.Version, Name: path.Base(r.Source.Path)}, nil
}
