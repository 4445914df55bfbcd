package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"

	"github.com/authctl/authctl/migrations"
	"github.com/authctl/authctl/store"
)

// upTogether applies pending migrations even if another process does the same. Each migration holds
// the write lock. The later process finds the other's tables, or its row of that version, is rolled
// back, and checks again what is pending.
func (s *Store) upTogether(ctx context.Context) (applied []*goose.MigrationResult, err error) {
	for range 1 + s.latest {
		var p *goose.Provider
		if p, err = s.provider(ctx); err != nil {
			return applied, err
		}
		var results []*goose.MigrationResult
		results, err = p.Up(ctx)
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

// provider opens goose on the writing connection.
func (s *Store) provider(ctx context.Context) (*goose.Provider, error) {
	v, err := s.versions(ctx, s.writer)
	if err != nil {
		return nil, err
	}
	p, err := goose.NewProvider(goose.DialectCustom, s.writer, migrations.SQLite(), goose.WithStore(v),
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("load migrations: %w", err)
	}
	return p, nil
}

// versions reads how the applied migrations are recorded.
func (s *Store) versions(ctx context.Context, db *sql.DB) (*versions, error) {
	rows, err := db.QueryContext(ctx, selectVersionColumns)
	if err != nil {
		return nil, translate("read schema version", err)
	}
	defer rows.Close()
	there := map[string]bool{}
	for rows.Next() {
		var column string
		if err := rows.Scan(&column); err != nil {
			return nil, translate("read schema version", err)
		}
		there[column] = true
	}
	return newVersions(there), translate("read schema version", rows.Err())
}
