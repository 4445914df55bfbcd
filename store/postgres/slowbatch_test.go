package postgres_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// neighbours is many sessions of one user, and a connection beside the store.
type neighbours struct {
	*someone
	db       *pgxpool.Pool
	sessions []tokenOf
}

// tokenOf is the current token of a session.
type tokenOf struct {
	id   uuid.UUID
	hash string
}

func newNeighbours(t testing.TB, cfg postgres.Config, n int) *neighbours {
	t.Helper()
	cfg.URL = storetest.Postgres(t)
	c := &neighbours{someone: newSomeone(t, open(t, cfg))}
	var err error
	c.db, err = pgxpool.New(c.ctx, cfg.URL)
	c.ok(err)
	t.Cleanup(c.db.Close)
	for range n {
		id, hash := c.signIn("", uuid.Nil)
		c.sessions = append(c.sessions, tokenOf{id, hash})
	}
	return c
}

// present refreshes session i, and returns the error, which is also that of another outcome than a
// rotation.
func (c *neighbours) present(i int) error {
	s := c.sessions[i]
	r, err := c.store.Rotate(c.ctx, store.Rotation{SessionID: s.id, TokenHash: s.hash, NextHash: hashOf(fmt.Sprint("after ", s.hash)),
		Successor: make([]byte, 32), At: at, ExpiresAt: at.Add(time.Hour), RetryWindow: 10 * time.Second}, login)
	if err == nil && r.Outcome != store.Rotated && r.Outcome != store.Retried {
		err = fmt.Errorf("outcome %s", r.Outcome)
	}
	return err
}

// others refreshes the sessions from first on at the same time, while the test holds a lock of
// others.
func (c *neighbours) others(first int) {
	c.Helper()
	var wg sync.WaitGroup
	for i := first; i < len(c.sessions); i++ {
		wg.Go(func() {
			if err := c.present(i); err != nil {
				c.Errorf("session %d, which nobody has locked: %v", i, err)
			}
		})
	}
	wg.Wait()
}

// lock runs statements in a transaction, and returns the function that ends it.
func (c *neighbours) lock(statements ...string) (release func()) {
	c.Helper()
	tx, err := c.db.Begin(c.ctx)
	c.ok(err)
	for _, s := range statements {
		_, err := tx.Exec(c.ctx, s)
		c.ok(err)
	}
	return func() { c.ok(tx.Rollback(c.ctx)) }
}

// wait waits for a condition of the queue.
func (c *neighbours) wait(holds func(s store.Stats) bool) {
	c.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(c.store.Stats()); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(deadline) {
			c.Fatalf("it does not come about: %+v", c.store.Stats().Batches)
		}
	}
}

// TestALockedSessionDelaysNoOtherRotation: several tabs refresh one session whose row another
// transaction has locked, for longer than anybody waits in the queue.
func TestALockedSessionDelaysNoOtherRotation(t *testing.T) {
	t.Parallel()
	c := newNeighbours(t, postgres.Config{StatementCache: "describe"}, 40) // without a lock_timeout
	release := c.lock(`SELECT 1 FROM refresh_tokens WHERE id = '` + c.sessions[0].id.String() + `' FOR UPDATE`)
	var tabs sync.WaitGroup
	for range 4 {
		tabs.Go(func() {
			if err := c.present(0); err != nil {
				t.Errorf("once its row is free: %v", err)
			}
		})
	}
	c.waiting(c.db)
	c.others(1)
	release()
	tabs.Wait()
}

// TestALockDelaysItsOwnBatchByTheLockTimeoutAndNoOther stops a batch in the middle of its statement,
// by a lock that it cannot skip.
func TestALockDelaysItsOwnBatchByTheLockTimeoutAndNoOther(t *testing.T) {
	t.Parallel()
	c := newNeighbours(t, postgres.Config{}, 40)
	release := c.obstruct(inBatch / 2)
	answered := c.inOneBatch()
	c.waiting(c.db)
	c.others(inBatch + alone)
	slow := 0
	for _, err := range answered() { // although the lock is still held
		if err != nil {
			slow++
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("in the batch: got %v, want it unavailable", err)
			}
		}
	}
	if slow == 0 {
		t.Error("nothing has failed")
	}
	release()
	for i := range inBatch {
		if err := c.present(i); err != nil {
			t.Errorf("session %d once the lock is free: %v", i, err)
		}
	}
}

// TestABatchWhoseConnectionEndsAnswersNobodyWrongly ends the server's side of a connection in the
// middle of a batch's statement.
func TestABatchWhoseConnectionEndsAnswersNobodyWrongly(t *testing.T) {
	t.Parallel()
	c := newNeighbours(t, postgres.Config{StatementCache: "describe"}, inBatch+alone) // without a lock_timeout
	release := c.obstruct(inBatch / 2)
	answered := c.inOneBatch()
	c.waiting(c.db)
	_, err := c.db.Exec(c.ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'`)
	c.ok(err)
	release()
	for i, err := range answered() {
		_, state, unread := c.store.SessionState(c.ctx, c.sessions[i].id)
		c.ok(unread)
		if rotated := state.TokenHash != c.sessions[i].hash; err == nil && !rotated || err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("session %d: got %v, and its token is replaced: %t", i, err, rotated)
		}
		if err := c.present(i); err != nil {
			t.Errorf("session %d again: %v", i, err)
		}
	}
}

const (
	inBatch = 8 // rotations in the batches of these tests
	alone   = 8 // rotations that may be under way at the same time, each with a statement of its own
)

// inOneBatch has the first sessions refresh in one batch, which is then under way. Those after
// them keep the workers busy until then; if that takes long, another worker takes up some of the
// first. It returns the function that waits for their errors.
func (c *neighbours) inOneBatch() (answered func() [inBatch]error) {
	c.Helper()
	release := c.lock(`LOCK TABLE refresh_tokens IN EXCLUSIVE MODE`)
	before := c.store.Stats().Batches.Size.Sum
	var holders, batch sync.WaitGroup
	for i := range alone {
		holders.Go(func() {
			if err := c.present(inBatch + i); err != nil {
				c.Errorf("who keeps a worker busy: %v", err)
			}
		})
	}
	c.wait(func(s store.Stats) bool { return s.Batches.Size.Sum == before+alone })
	var errs [inBatch]error
	for i := range errs {
		batch.Go(func() { errs[i] = c.present(i) })
	}
	c.wait(func(s store.Stats) bool { return s.Batches.Size.Sum+float64(s.Batches.Waiting) == before+alone+inBatch })
	release()
	holders.Wait()
	c.wait(func(s store.Stats) bool { return s.Batches.Waiting == 0 })
	return func() [inBatch]error {
		batch.Wait()
		return errs
	}
}

// obstruct makes each rotation of a session wait for a lock that no statement skips.
func (c *neighbours) obstruct(i int) (release func()) {
	c.Helper()
	for _, s := range []string{
		`CREATE FUNCTION obstruct() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END $$`,
		`CREATE TRIGGER obstruct BEFORE UPDATE ON refresh_tokens FOR EACH ROW WHEN (NEW.id = '` + c.sessions[i].id.String() + `') EXECUTE FUNCTION obstruct()`,
	} {
		_, err := c.db.Exec(c.ctx, s)
		c.ok(err)
	}
	return c.lock(`SELECT pg_advisory_xact_lock(42)`)
}
