package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// statements keeps the prepared statements of the paths that every request
// takes. They are prepared at first use, for at Open there may be no tables yet.
type statements struct {
	prepared sync.Map // of statementKey to *sql.Stmt
}

type statementKey struct {
	db    *sql.DB
	query string
}

// of returns query prepared on db. For the writer, which has one connection,
// that must happen before a transaction takes it.
func (p *statements) of(ctx context.Context, db *sql.DB, query string) (*sql.Stmt, error) {
	key := statementKey{db, query}
	if stmt, ok := p.prepared.Load(key); ok {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	first, loaded := p.prepared.LoadOrStore(key, stmt)
	if loaded {
		stmt.Close()
	}
	return first.(*sql.Stmt), nil
}

func (p *statements) close() error {
	var errs []error
	p.prepared.Range(func(_, stmt any) bool {
		errs = append(errs, stmt.(*sql.Stmt).Close())
		return true
	})
	return errors.Join(errs...)
}

// read scans the one row of a hot query.
func (s *Store) read(ctx context.Context, query string, args, dest []any) error {
	stmt, err := s.hot.of(ctx, s.reader, query)
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(ctx, args...).Scan(dest...)
}
