package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/batch"
)

// maxShared is the max number of changes in one transaction. A larger one would keep the first of
// its callers waiting for the last, and saves no more.
const maxShared = 128

// change is what one caller changes.
type change struct {
	op    string // names the change in errors
	whole bool   // if do returns an error it has changed nothing, so it needs no savepoint
	do    func(context.Context, *sql.Tx) error
	begun atomic.Bool // it is no longer waiting for the write lock
}

// waiting is a change that waited for the writer.
type waiting = batch.Call[*change, struct{}]

func (s *Store) newQueue() *batch.Queue[*change, struct{}] {
	return batch.New(batch.Config[*change, struct{}]{Workers: 1, Size: maxShared, Alone: s.alone, Together: s.together})
}

// share carries out a change. Changes that wait for the writer share a transaction, and so one sync
// of the disk. One that fails does not undo the others. do may run again after a failure, and may
// still run when the caller's context has ended, so it must change nothing outside the transaction.
// It must use the context that it is given.
func share[T any](ctx context.Context, s *Store, c *change, do func(context.Context, *sql.Tx) (T, error)) (result T, err error) {
	var made T
	var panicked string
	c.do = func(ctx context.Context, tx *sql.Tx) (err error) {
		defer func() {
			if value := recover(); value != nil {
				panicked, err = fmt.Sprintf("%v\n\n%s", value, debug.Stack()), errPanicked
			}
		}()
		made, err = do(ctx, tx)
		return err
	}
	switch _, err = s.queue.Do(ctx, c); {
	case err == nil:
		return made, nil
	case errors.Is(err, errPanicked):
		panic(panicked) // the caller's, and nobody else's
	case err == ctx.Err(): // from the queue
		return result, translate(c.op, c.late(err))
	}
	return result, err
}

// join is share for a change without a result.
func (s *Store) join(ctx context.Context, c *change, do func(context.Context, *sql.Tx) error) error {
	_, err := share(ctx, s, c, func(ctx context.Context, tx *sql.Tx) (struct{}, error) { return struct{}{}, do(ctx, tx) })
	return err
}

var errPanicked = errors.New("panicked")

// late returns the error of a change whose caller's context has ended.
func (c *change) late(err error) error {
	if errors.Is(err, context.DeadlineExceeded) && !c.begun.Load() {
		return busy(err)
	}
	return err
}

func busy(err error) error {
	return fmt.Errorf("%w: others were writing: %w", store.ErrBusy, err)
}

// alone carries out a change that did not have to wait for others of this process. Statements are
// not interrupted when ctx ends, because that costs more than most of them take.
func (s *Store) alone(ctx context.Context, c *change) (struct{}, error) {
	return struct{}{}, s.write(ctx, c.op, func(tx *sql.Tx) error {
		c.begun.Store(true)
		return c.do(context.WithoutCancel(ctx), tx)
	})
}

// together carries out changes in one transaction, and sets the error of each.
func (s *Store) together(all []*waiting) {
	ctx := context.Background() // to the driver, a context that ends would end the transaction of all
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		for _, w := range all {
			w.Err = translate(w.In.op, err)
		}
		return
	}
	defer tx.Rollback()
	made := make([]*waiting, 0, len(all))
	for i, w := range all {
		if w.Err = w.Context.Err(); w.Err != nil {
			continue
		}
		w.In.begun.Store(true)
		err := w.In.within(ctx, tx)
		if err == nil {
			made = append(made, w)
			continue
		}
		w.Err = s.explainWrite(w.In.op, err)
		if endsTransaction(err) {
			tx.Rollback()
			s.apart(append(made, all[i+1:]...))
			return
		}
	}
	err = s.commit(tx)
	for _, w := range made {
		w.Err = s.translateWrite(w.In.op, err)
	}
	if len(made) > 1 && errors.Is(made[0].Err, store.ErrFull) {
		s.apart(made) // some may fit; SQLite finds out at the commit, and has rolled back
	}
}

const (
	beginChange  = `SAVEPOINT change`
	undoChange   = `ROLLBACK TO change`
	finishChange = `RELEASE change`
)

// within carries out one of several changes in a transaction.
func (c *change) within(ctx context.Context, tx *sql.Tx) error {
	if c.whole {
		err := c.do(ctx, tx)
		if errors.Is(err, errPanicked) { // it may have changed something
			return lostError{err}
		}
		return err
	}
	return within(ctx, tx, func() error { return c.do(ctx, tx) })
}

// within carries out do under a savepoint, so that it changes nothing if it fails.
func within(ctx context.Context, tx *sql.Tx, do func() error) error {
	if _, err := tx.ExecContext(ctx, beginChange); err != nil {
		return lostError{err}
	}
	err := do()
	if err != nil {
		if _, lost := tx.ExecContext(ctx, undoChange); lost != nil {
			return lostError{err}
		}
	}
	if _, lost := tx.ExecContext(ctx, finishChange); lost != nil {
		return lostError{errors.Join(err, lost)}
	}
	return err
}

// lostError is an error after which the transaction cannot go on.
type lostError struct{ error }

// Unwrap returns the cause.
func (e lostError) Unwrap() error { return e.error }

// endsTransaction reports whether SQLite may have rolled back the whole transaction
// (https://www.sqlite.org/lang_transaction.html, section 3), or refuses the rest of it.
func endsTransaction(err error) bool {
	if _, lost := errors.AsType[lostError](err); lost {
		return true
	}
	e, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return errors.Is(err, sql.ErrTxDone) || errors.Is(err, sql.ErrConnDone)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG:
		return false
	}
	return true
}

// apart carries out changes whose transaction was lost to one of them or to a full disk, each in a
// transaction of its own.
func (s *Store) apart(all []*waiting) {
	for _, w := range all {
		if w.Err = w.Context.Err(); w.Err == nil {
			_, w.Err = s.alone(w.Context, w.In)
		}
	}
}
