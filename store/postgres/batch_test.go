package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

func TestSixtyFourRefreshesAtTheSameTimeTakeAtMostSixteenStatements(t *testing.T) {
	t.Parallel()
	trips := &storetest.RoundTrips{}
	q := newQueued(t, postgres.Config{URL: storetest.Postgres(t), Tracer: trips}, 64)
	q.together() // prepares the statements
	for i := range q.tokens {
		q.tokens[i] = q.next(i)
	}
	before := trips.All()
	q.together()
	q.allRotated()
	if got := trips.All() - before - int64(len(q.ids)); got > 16 { // less those of allRotated
		t.Errorf("got %d statements, want at most 16", got)
	}
}

// TestARetryKeepsNoRotationOutOfABatch: of each session one tab presents the token before, and another
// the current one. The latter is rotated by the batch, although it came later.
func TestARetryKeepsNoRotationOutOfABatch(t *testing.T) {
	t.Parallel()
	const sessions = 30
	trips := &storetest.RoundTrips{}
	before := newQueued(t, postgres.Config{URL: storetest.Postgres(t), Tracer: trips}, sessions)
	before.BePatient() // one batch, however long the lock is held
	before.together()
	q := &queued{someone: before.someone, Store: before.Store, url: before.url, window: time.Minute,
		ids: slices.Concat(before.ids, before.ids), tokens: before.tokens,
		results: make([]store.RotateResult, 2*sessions), errs: make([]error, 2*sessions)}
	for i := range sessions {
		q.tokens = append(q.tokens, before.next(i))
	}
	sent := trips.Statements()
	q.together()
	// Each retry is judged in a transaction of three statements. The rest is for the batch, for the eight
	// that run alone, and for a row that the transaction of one of these has locked.
	const most = 3*sessions + 50
	if got := trips.Statements() - sent; got > most {
		t.Errorf("got %d statements, want at most %d", got, most)
	}
	for i := range sessions {
		if q.errs[i] != nil || q.results[i].Outcome != store.Retried || q.errs[sessions+i] != nil || q.results[sessions+i].Outcome != store.Rotated {
			t.Errorf("session %d: the retry got %s, %v, and the other %s, %v", i, q.results[i].Outcome, q.errs[i], q.results[sessions+i].Outcome, q.errs[sessions+i])
		}
	}
}

// TestABatchIsAnsweredAfterItsCommit has a trigger that refuses tokens at the commit, after
// PostgreSQL has sent the rows of the statement and that it is complete.
func TestABatchIsAnsweredAfterItsCommit(t *testing.T) {
	t.Parallel()
	const sessions = 30
	for name, refused := range map[string]func(i int) bool{
		"all":           func(int) bool { return true },
		"one":           func(i int) bool { return i == sessions-1 },
		"every seventh": func(i int) bool { return i%7 == 6 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newQueued(t, postgres.Config{URL: storetest.Postgres(t)}, sessions)
			var bad []uuid.UUID
			for i, id := range q.ids {
				if refused(i) {
					bad = append(bad, id)
				}
			}
			conn := q.connect()
			_, err := conn.Exec(q.ctx, `
CREATE TABLE bad (id UUID);
CREATE FUNCTION refuse() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN IF NEW.id IN (SELECT id FROM bad) THEN RAISE 'refused at the commit'; END IF; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON refresh_tokens DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()`)
			q.ok(err)
			_, err = conn.Exec(q.ctx, `INSERT INTO bad SELECT unnest($1::uuid[])`, bad)
			q.ok(err)
			q.together()
			for i := range q.ids {
				switch rotated := q.errs[i] == nil && q.results[i].Outcome == store.Rotated; {
				case refused(i) && (rotated || q.current(i) != q.tokens[i]):
					t.Errorf("session %d, refused at the commit: got %s, %v", i, q.results[i].Outcome, q.errs[i])
				case !refused(i) && (!rotated || q.current(i) != q.next(i)):
					t.Errorf("session %d, beside one that was refused: got %s, %v", i, q.results[i].Outcome, q.errs[i])
				}
			}
		})
	}
}

// TestALockedRowDelaysNoneOfItsBatch locks the row of one session longer than a statement waits.
func TestALockedRowDelaysNoneOfItsBatch(t *testing.T) {
	t.Parallel()
	q := newQueued(t, postgres.Config{URL: storetest.Postgres(t)}, 40)
	const locked = 39 // asked for last, so it is in the batch
	tx := q.lock(locked)
	letGo := q.hold()
	letGo()
	for i := 0; i < locked; { // the answers of all others come while the lock is held
		if q.current(i) == q.next(i) {
			i++
		}
	}
	var one int
	q.ok(tx.QueryRow(q.ctx, `SELECT 1`).Scan(&one)) // it still is
	q.asked.Wait()
	if !errors.Is(q.errs[locked], store.ErrBusy) || !errors.Is(q.errs[locked], store.ErrUnavailable) {
		t.Errorf("the locked session: got %s, %v, want that it is busy", q.results[locked].Outcome, q.errs[locked])
	}
	q.ok(tx.Rollback(q.ctx))
	q.ask(locked)
	q.asked.Wait()
	q.allRotated()
}

// lock locks the row of session i, in a transaction of the test.
func (q *queued) lock(i int) pgx.Tx {
	q.Helper()
	tx, err := q.connect().Begin(q.ctx)
	q.ok(err)
	_, err = tx.Exec(q.ctx, `SELECT 1 FROM refresh_tokens WHERE id = $1 FOR UPDATE`, q.ids[i])
	q.ok(err)
	return tx
}

// TestStatementsThatWaitForLockedRowsDelayNoBatch has as many rotations of locked rows under way as
// there may be rotations alone. The locks do not end before the others are answered.
func TestStatementsThatWaitForLockedRowsDelayNoBatch(t *testing.T) {
	t.Parallel()
	const locked = 8
	q := newQueued(t, postgres.Config{URL: storetest.Postgres(t), StatementCache: "describe"}, 40) // without a lock_timeout
	var locks []pgx.Tx
	for i := range locked {
		locks = append(locks, q.lock(i))
		before := q.Stats().Batches.Size.Count
		q.ask(i)
		for q.Stats().Batches.Size.Count == before {
			time.Sleep(50 * time.Microsecond)
		}
	}
	var others sync.WaitGroup
	for i := locked; i < len(q.ids); i++ {
		others.Go(func() { q.results[i], q.errs[i] = q.Rotate(q.ctx, q.rotation(i), login) })
	}
	others.Wait()
	for _, tx := range locks {
		q.ok(tx.Rollback(q.ctx))
	}
	q.asked.Wait()
	q.allRotated()
}

// TestTwoServersRotateTheSameSessionsInOppositeOrders: each token is rotated once, nobody gets an
// error, and there is no deadlock.
func TestTwoServersRotateTheSameSessionsInOppositeOrders(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	const sessions, rounds = 48, 8
	q := newQueued(t, postgres.Config{URL: url}, sessions)
	servers := []*postgres.Store{q.Store, open(t, postgres.Config{URL: url})}
	for round := range rounds {
		var outcomes [2][sessions]store.Outcome
		var all sync.WaitGroup
		for n, s := range servers {
			for k := range sessions {
				i := k
				if n == 1 {
					i = sessions - 1 - k
				}
				all.Go(func() {
					r := q.rotation(i)
					r.NextHash, r.RetryWindow = hashOf(fmt.Sprint(round, n, r.NextHash)), time.Minute
					result, err := s.Rotate(q.ctx, r, login)
					if err != nil {
						t.Errorf("session %d, server %d: %v", i, n, err)
					}
					outcomes[n][i] = result.Outcome
				})
			}
		}
		all.Wait()
		for i := range sessions {
			one, two := outcomes[0][i], outcomes[1][i]
			if !(one == store.Rotated && two == store.Retried) && !(one == store.Retried && two == store.Rotated) {
				t.Fatalf("round %d, session %d: got %s and %s, want rotated and retried", round, i, one, two)
			}
			q.tokens[i] = q.current(i)
		}
	}
	var deadlocks int
	q.ok(q.connect().QueryRow(q.ctx, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`).Scan(&deadlocks))
	if deadlocks != 0 {
		t.Errorf("%d deadlocks", deadlocks)
	}
}

// TestWhoWaitsForOthersInVainIsToldWhy: no rotation ends, and whoever waits for those that are under
// way gives up as whoever waits for a connection does.
func TestWhoWaitsForOthersInVainIsToldWhy(t *testing.T) {
	t.Parallel()
	for _, busy := range []bool{false, true} {
		t.Run(fmt.Sprint("busy ", busy), func(t *testing.T) {
			t.Parallel()
			q := newQueued(t, postgres.Config{URL: storetest.Postgres(t), StatementCache: "describe"}, 20) // without a lock_timeout
			letGo := q.hold()
			for q.Stats().Batches.Waiting > 0 { // until the last worker has taken up all that wait
				time.Sleep(time.Millisecond)
			}
			id, token := uuid.New(), hashOf("late")
			done := make(chan error, 1)
			go func() {
				_, err := q.Rotate(q.ctx, store.Rotation{SessionID: id, TokenHash: token, NextHash: token, Successor: make([]byte, 32)}, login)
				done <- err
			}()
			var err error
			for waits := true; waits; {
				select {
				case err = <-done:
					waits = false
				case <-time.After(time.Millisecond):
					if busy {
						q.ok(q.Ready(q.ctx)) // the server answers others meanwhile
					}
				}
			}
			if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, store.ErrBusy) != busy {
				t.Errorf("got %v, want busy: %t", err, busy)
			}
			letGo()
			q.asked.Wait()
			q.allRotated()
		})
	}
}

// TestABatchWorksWithEveryStatementCache executes the statement of a batch as poolers need it.
func TestABatchWorksWithEveryStatementCache(t *testing.T) {
	t.Parallel()
	for _, cache := range []string{"prepare", "describe", "none"} {
		t.Run(cache, func(t *testing.T) {
			t.Parallel()
			q := newQueued(t, postgres.Config{URL: storetest.Postgres(t), StatementCache: cache}, 30)
			for range 2 {
				q.together()
				q.allRotated()
				for i := range q.tokens {
					q.tokens[i] = q.next(i)
				}
			}
		})
	}
}
