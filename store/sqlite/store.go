// Package sqlite keeps users and sessions in one SQLite file. It is the twin of
// store/postgres: the same files, the same statements in the same order, in
// another dialect.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/batch"
	"github.com/authctl/authctl/store/sqlite/dbfile"
)

// Store is a [store.Store] on SQLite: one connection that writes, in
// transactions that take the write lock at once, and a pool that reads. Commits
// are synced to the disk.
type Store struct {
	file   *dbfile.File
	writer *sql.DB
	reader *sql.DB
	queue  *batch.Queue[*change, struct{}] // of what the writer carries out together
	hot    statements
	latest int64 // newest migration this binary knows

	servers *sql.DB // holds the lock of this server; nil when the process is no server
}

var _ store.Store = (*Store)(nil)

// Open opens the file. It neither migrates nor checks the schema. Only the owner may access the
// file and SQLite's two companion files (mode 0600); Open refuses an existing file that others may
// read. A missing file, with Create unset, is an [fs.ErrNotExist]. If this process cannot use the
// file, the error is a [*dbfile.FileError].
func Open(ctx context.Context, cfg Config) (*Store, error) {
	latest, err := latestVersion()
	if err != nil {
		return nil, err
	}
	if err := prepareFile(cfg); err != nil {
		return nil, dbfile.Explain(cfg.Path, err)
	}
	s, err := openFile(ctx, cfg)
	if errors.Is(err, store.ErrReplaced) { // replaced meanwhile, or by an overlay file system, which copies a file when it is first opened
		s, err = openFile(ctx, cfg)
	}
	if err != nil {
		return nil, dbfile.Explain(cfg.Path, err)
	}
	s.latest = latest
	return s, nil
}

// write runs do in one transaction that holds the write lock from its start. It succeeds only if
// the database file was not replaced before the commit had ended. The transaction is not shared; see
// [share].
func (s *Store) write(ctx context.Context, op string, do func(tx *sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if errors.Is(err, context.DeadlineExceeded) {
		err = busy(err)
	}
	if err != nil {
		return translate(op, err)
	}
	defer tx.Rollback()
	if err = do(tx); err != nil {
		return s.explainWrite(op, ended(ctx, err))
	}
	return s.translateWrite(op, ended(ctx, s.commit(tx)))
}

// commit fails if the database file was replaced before the commit had ended.
func (s *Store) commit(tx *sql.Tx) error {
	if err := s.file.Check(); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return s.file.Check()
}

// explainWrite translates an error of a statement that writes.
func (s *Store) explainWrite(op string, err error) error {
	if lost := s.file.Check(); errors.Is(lost, store.ErrReplaced) {
		err = lost // whatever error SQLite returns
	}
	return s.translateWrite(op, err)
}

// ended returns why a transaction is over, if its context has ended.
func ended(ctx context.Context, err error) error {
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// statements keeps the prepared statements of hot paths that read. They are prepared at first use,
// because the tables may not exist yet at Open. The writer keeps its statements itself.
type statements struct {
	prepared sync.Map // of queries to *sql.Stmt
}

// of returns query prepared on db, the readers.
func (p *statements) of(ctx context.Context, db *sql.DB, query string) (*sql.Stmt, error) {
	if stmt, ok := p.prepared.Load(query); ok {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	first, loaded := p.prepared.LoadOrStore(query, stmt)
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

// exec runs one writing statement and returns how many rows it changed.
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

// read scans the only row of a hot query.
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
		Batches: s.queue.Stats(),
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

// micros returns an instant as columns hold it: microseconds since 1970.
func micros(t time.Time) int64 { return t.UnixMicro() }

// clockMicros is the current time of the database's clock.
const clockMicros = `CAST(unixepoch('subsec') * 1000000 AS INTEGER)`

// instant is the reverse of micros.
func instant(us int64) time.Time { return time.UnixMicro(us).UTC() }
