package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/pressly/goose/v3"

	"github.com/authctl/authctl/migrations"
	"github.com/authctl/authctl/store"
)

// latestVersion returns the newest migration this binary knows.
func latestVersion() (int64, error) {
	files, err := fs.Glob(migrations.SQLite(), "*.sql")
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
	err := translate("read schema version", s.reader.QueryRowContext(ctx, selectVersion).Scan(&current))
	if errors.Is(err, store.ErrSchema) {
		return 0, nil // no such table: nothing was ever applied
	}
	return current, err
}

// provider opens goose on the writing connection.
func (s *Store) provider() (*goose.Provider, error) {
	p, err := goose.NewProvider(goose.DialectSQLite3, s.writer, migrations.SQLite(),
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("load migrations: %w", err)
	}
	return p, nil
}

// Schema implements [store.Store].
func (s *Store) Schema(ctx context.Context) (store.Schema, error) {
	current, err := s.version(ctx)
	if err != nil {
		return store.Schema{}, err
	}
	schema := store.Schema{Current: current, Latest: s.latest}
	p, err := s.provider()
	if err != nil {
		return store.Schema{}, err
	}
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
	p, err := s.provider()
	if err != nil {
		return nil, err
	}
	results, err := upTogether(ctx, p)
	if err != nil {
		return nil, translate("migrate up", err)
	}
	applied := make([]store.Migration, 0, len(results))
	for _, r := range results {
		applied = append(applied, store.Migration{Version: r.Source.Version, Name: path.Base(r.Source.Path)})
	}
	return applied, nil
}

// upTogether applies what is pending although another process may do the same at
// this moment. Each migration holds the write lock, so of two processes the later
// one finds the other's tables, or its row of that version, in the way, is rolled
// back, and looks again at what is left to do.
func upTogether(ctx context.Context, p *goose.Provider) (applied []*goose.MigrationResult, err error) {
	for range 1 + len(p.ListSources()) {
		results, err := p.Up(ctx)
		if partial, ok := errors.AsType[*goose.PartialError](err); ok {
			results = partial.Applied
		}
		applied = append(applied, results...)
		if sentinel := sentinelOf(err); sentinel != store.ErrConflict && sentinel != store.ErrSchema {
			return applied, err
		}
	}
	return applied, err
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
	p, err := s.provider()
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
