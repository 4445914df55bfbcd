package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

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
	current, err := s.version(ctx)
	if err != nil {
		return err
	}
	return store.Schema{Current: current, Latest: s.latest}.Check()
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
	current, err := s.version(ctx)
	if err != nil {
		return store.Schema{}, err
	}
	schema := store.Schema{Current: current, Latest: s.latest}
	p, closeDB, err := s.provider()
	if err != nil {
		return store.Schema{}, err
	}
	defer closeDB()
	if current == 0 { // asking goose would create its table
		for _, source := range p.ListSources() {
			schema.Migrations = append(schema.Migrations, store.Migration{Version: source.Version, Name: path.Base(source.Path)})
		}
		return schema, nil
	}
	status, err := p.Status(ctx)
	if err != nil {
		return store.Schema{}, translate("read schema", err)
	}
	for _, m := range status {
		schema.Migrations = append(schema.Migrations,
			store.Migration{Version: m.Source.Version, Name: path.Base(m.Source.Path), AppliedAt: m.AppliedAt.UTC()})
	}
	return schema, nil
}

// MigrateUp implements [store.Store].
func (s *Store) MigrateUp(ctx context.Context) ([]store.Migration, error) {
	current, err := s.version(ctx)
	if err != nil {
		return nil, err
	}
	if current > s.latest {
		return nil, &store.SchemaError{Current: current, Latest: s.latest}
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
	current, err := s.version(ctx)
	if err != nil {
		return store.Migration{}, err
	}
	if current > s.latest {
		return store.Migration{}, &store.SchemaError{Current: current, Latest: s.latest}
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
