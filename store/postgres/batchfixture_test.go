package postgres_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// queued is a number of sessions whose rotations are asked for at the same time. A lock on the table
// holds those that are under way, so that the others wait and travel together.
type queued struct {
	*someone
	*postgres.Store
	url     string
	ids     []uuid.UUID
	tokens  []string
	window  time.Duration // in which a replaced token may be presented again
	results []store.RotateResult
	errs    []error
	asked   sync.WaitGroup
}

func newQueued(t *testing.T, cfg postgres.Config, sessions int) *queued {
	t.Helper()
	s := open(t, cfg)
	q := &queued{someone: newSomeone(t, s), Store: s, url: cfg.URL}
	for range sessions {
		id, token := q.signIn("", uuid.Nil)
		q.ids, q.tokens = append(q.ids, id), append(q.tokens, token)
	}
	q.results, q.errs = make([]store.RotateResult, sessions), make([]error, sessions)
	return q
}

// next is the hash of the token after that of session i.
func (q *queued) next(i int) string { return hashOf("after " + q.tokens[i]) }

func (q *queued) rotation(i int) store.Rotation {
	return store.Rotation{SessionID: q.ids[i], TokenHash: q.tokens[i], NextHash: q.next(i), NextStep: 1, Successor: make([]byte, 32),
		At: at, ExpiresAt: at.Add(time.Hour), RetryWindow: q.window}
}

// ask starts the rotation of session i.
func (q *queued) ask(i int) {
	q.asked.Go(func() { q.results[i], q.errs[i] = q.Rotate(q.ctx, q.rotation(i), login) })
}

// connect opens a connection of the test.
func (q *queued) connect() *pgx.Conn {
	q.Helper()
	conn, err := pgx.Connect(q.ctx, q.url)
	q.ok(err)
	q.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// hold asks for all rotations, one after the other, and returns once each is under way or waits. letGo lets those that
// are under way continue.
func (q *queued) hold() (letGo func()) {
	q.Helper()
	conn := q.connect()
	exec := func(statement string) {
		_, err := conn.Exec(q.ctx, statement)
		q.ok(err)
	}
	exec(`BEGIN; LOCK TABLE refresh_tokens IN SHARE MODE`)
	before := q.Stats().Batches
	for i := range q.ids {
		q.ask(i)
		for {
			now := q.Stats().Batches
			if int(now.Size.Sum-before.Size.Sum)+now.Waiting > i {
				break
			}
			time.Sleep(20 * time.Microsecond)
		}
	}
	return func() { exec(`COMMIT`) }
}

// together carries out all rotations, some of them in one batch.
func (q *queued) together() {
	q.Helper()
	q.hold()()
	q.asked.Wait()
	if size := q.Stats().Batches.Size; size.Sum < float64(size.Count)+10 {
		q.Errorf("%v rotations travelled in %d statements", size.Sum, size.Count)
	}
}

// current returns the hash of the current token of session i.
func (q *queued) current(i int) string {
	q.Helper()
	_, state, err := q.SessionState(q.ctx, q.ids[i])
	q.ok(err)
	return state.TokenHash
}

// allRotated checks that every rotation has succeeded, and that the database has it.
func (q *queued) allRotated() {
	q.Helper()
	for i := range q.ids {
		if q.errs[i] != nil || q.results[i].Outcome != store.Rotated || q.results[i].Session.ID != q.ids[i] || q.current(i) != q.next(i) {
			q.Errorf("session %d: got %+v, %v; the database has the next token: %t", i, q.results[i], q.errs[i], q.current(i) == q.next(i))
		}
	}
}
