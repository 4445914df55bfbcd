package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

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
	err := translate("read schema version", s.reader.QueryRowContext(ctx, selectVersion).Scan(&current))
	if errors.Is(err, store.ErrSchema) {
		return 0, nil // no such table: nothing was ever applied
	}
	return current, err
}

const selectMinVersion = `
SELECT COALESCE((SELECT max(min_version) FROM schema_versions WHERE EXISTS (SELECT 1 FROM schema_versions WHERE version = ?1)), ?1)`

// minVersion returns the oldest version a binary may know to run on this version. A
// database that does not say suits only those who know it.
func (s *Store) minVersion(ctx context.Context, current int64) (oldest int64, err error) {
	err = translate("read schema version", s.reader.QueryRowContext(ctx, selectMinVersion, current).Scan(&oldest))
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
	schema, err := s.standing(ctx)
	if err != nil {
		return store.Schema{}, err
	}
	if schema.MinVersion, err = s.minVersion(ctx, schema.Current); err != nil {
		return store.Schema{}, err
	}
	p, err := s.provider()
	if err != nil {
		return store.Schema{}, err
	}
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
		if m.MinVersion, err = migrations.MinVersion(migrations.SQLite(), m.Name, m.Version); err != nil {
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
	p, err := s.provider()
	if err != nil {
		return nil, err
	}
	results, err := upTogether(ctx, p)
	if err == nil {
		err = s.file.Check()
	}
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
	schema, err := s.standing(ctx)
	if err != nil {
		return store.Migration{}, err
	}
	if schema.Newer() {
		return store.Migration{}, &store.SchemaError{Current: schema.Current, Latest: schema.Latest, MinVersion: schema.MinVersion}
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
