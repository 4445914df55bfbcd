// Package sqlite keeps users and sessions in one SQLite file. It is the twin of
// store/postgres: the same files, the same statements in the same order, in
// another dialect.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite/dbfile"
)

// Store is a [store.Store] on SQLite: one connection that writes, in
// transactions that take the write lock at once, and a pool that reads. Commits
// are synced to the disk.
type Store struct {
	file   *dbfile.File
	writer *sql.DB
	reader *sql.DB
	hot    statements
	latest int64 // newest migration this binary knows

	servers *sql.DB // holds this server's lock; nil for a store that no server has
}

var _ store.Store = (*Store)(nil)

// Open opens the file. It neither migrates nor looks at the schema. The file and
// SQLite's two beside it are for their owner alone (mode 0600); an existing one
// that others may read is refused. A file that is missing, with Create unset, is
// an [fs.ErrNotExist]. What keeps this process from the file is a [*dbfile.FileError].
func Open(ctx context.Context, cfg Config) (*Store, error) {
	latest, err := latestVersion()
	if err != nil {
		return nil, err
	}
	if err := prepareFile(cfg); err != nil {
		return nil, dbfile.Explain(cfg.Path, err)
	}
	s, err := openFile(ctx, cfg)
	if errors.Is(err, store.ErrReplaced) { // meanwhile; or by an overlay file system, which copies a file at its first opening
		s, err = openFile(ctx, cfg)
	}
	if err != nil {
		return nil, dbfile.Explain(cfg.Path, err)
	}
	s.latest = latest
	return s, nil
}

// write runs do in one transaction that holds the write lock from its start. It succeeds
// only when the database was still at its place after the commit.
func (s *Store) write(ctx context.Context, op string, do func(tx *sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: others were writing: %w", store.ErrBusy, err)
	}
	if err != nil {
		return translate(op, err)
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		if lost := s.file.Check(); errors.Is(lost, store.ErrReplaced) {
			err = lost // whatever SQLite makes of it
		}
		return s.translateWrite(op, err)
	}
	if err := s.file.Check(); err != nil {
		return translate(op, err)
	}
	if err := tx.Commit(); err != nil {
		return s.translateWrite(op, err)
	}
	return translate(op, s.file.Check())
}

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

// exec writes with one statement, and returns how many rows it changed.
func (s *Store) exec(ctx context.Context, op, query string, args ...any) (n int, err error) {
	err = s.write(ctx, op, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		rows, err := result.RowsAffected()
		n = int(rows)
		return err
	})
	return n, err
}

// read scans the one row of a hot query.
func (s *Store) read(ctx context.Context, query string, args, dest []any) error {
	stmt, err := s.hot.of(ctx, s.reader, query)
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(ctx, args...).Scan(dest...)
}

// Stats implements [store.Store].
func (s *Store) Stats() store.Stats {
	r, w := s.reader.Stats(), s.writer.Stats()
	return store.Stats{
		Max:     r.MaxOpenConnections + w.MaxOpenConnections,
		Open:    r.OpenConnections + w.OpenConnections,
		InUse:   r.InUse + w.InUse,
		Waits:   r.WaitCount + w.WaitCount,
		WaitFor: r.WaitDuration + w.WaitDuration,
	}
}

// Close implements [store.Store].
func (s *Store) Close() error {
	errs := []error{s.hot.close()}
	for _, db := range []*sql.DB{s.reader, s.writer, s.servers} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, s.file.Close())...)
}

// micros is how a column holds an instant.
func micros(t time.Time) int64 { return t.UnixMicro() }

// clockMicros is the time now, for what is judged by the database's clock.
const clockMicros = `CAST(unixepoch('subsec') * 1000000 AS INTEGER)`

// instant is the reverse of micros.
func instant(us int64) time.Time { return time.UnixMicro(us).UTC() }
