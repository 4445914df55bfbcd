package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/batch"
)

const (
	rotationWorkers = 2                      // statements with several rotations that are under way at the same time
	singleRotations = 8                      // statements with one rotation that are under way at the same time
	rotationBatch   = 64                     // max rotations in one statement
	slowRotation    = 100 * time.Millisecond // see queueOfRotations
	batchTimeout    = 30 * time.Second       // of a batch whose callers have no deadline
)

type rotationCall = batch.Call[store.Rotation, store.RotateResult]

var (
	// errAlone is the result of a rotation whose batch has failed while the database works: one row
	// may be at fault. The rotation must run alone.
	errAlone = errors.New("the rotation must run alone")

	// errAnswerLost is the result of a rotation that may have been carried out by a statement without
	// an answer. Its repetition has changed nothing.
	errAnswerLost = fmt.Errorf("%w, and the answer to an earlier statement was lost", store.ErrNotFound)
)

// queueOfRotations configures the queue of rotations for a pool of so many connections, a fifth of
// which it leaves to everything else. Others need not wait for slow statements, and leave one
// connection.
//
// Two statements of many rotations keep two processors busy, and more of them would only be smaller.
// Few rotations are faster with a statement each: with eight clients, batches had half the rate.
func (s *Store) queueOfRotations(connections int32) batch.Config[store.Rotation, store.RotateResult] {
	most := max(1, int(connections)*4/5)
	return batch.Config[store.Rotation, store.RotateResult]{
		Workers:  min(rotationWorkers, most),
		Singles:  min(singleRotations, most),
		Size:     rotationBatch,
		Patience: connectionWait,
		Slow:     slowRotation,
		Most:     int(connections) - 1,
		Alone:    s.rotateFast,
		Together: s.rotateTogether,
	}
}

// queueRotation carries out a rotation by the conditional statement, alone or together with others.
// It fails with [store.ErrNotFound] or errAnswerLost when that changes no row, and with errAlone.
func (s *Store) queueRotation(ctx context.Context, r store.Rotation) (store.RotateResult, error) {
	answers := s.gate.answers.Load()
	result, err := s.rotations.Do(ctx, r)
	switch {
	case errors.Is(err, batch.ErrPatience):
		return result, translate("rotate token", s.gate.turnAway(answers))
	case err != nil && err == ctx.Err():
		return result, translate("rotate token", err) // it has left the queue
	}
	return result, err
}

// rotateTogether carries out rotations in one statement, and repeats that once if the statement got
// no answer. Should it have been carried out nevertheless, the repetition changes nothing, because
// the tokens presented are then replaced.
func (s *Store) rotateTogether(calls []*rotationCall) {
	ctx, cancel := context.WithDeadline(context.Background(), latestDeadline(calls))
	defer cancel()
	err := s.rotateBatch(ctx, calls, store.ErrNotFound)
	if err != nil && ctx.Err() == nil && interrupted(err) {
		err = s.rotateBatch(ctx, calls, errAnswerLost)
	}
	if err == nil {
		return
	}
	failed := translate("rotate tokens", err)
	if !errors.Is(failed, store.ErrUnavailable) {
		failed = errAlone
	}
	for _, c := range calls {
		c.Err = failed
	}
}

// interrupted reports whether a statement got no answer, or one that says to try again, although
// the server may be working.
func interrupted(err error) bool {
	if said, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch said.Code {
		case "40001", "40P01", "57P01", "57P02": // serialization_failure, deadlock_detected, admin_shutdown, crash_shutdown
			_, connecting := errors.AsType[*pgconn.ConnectError](err)
			return !connecting
		}
		return false
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return !connecting && !errors.Is(err, context.DeadlineExceeded) && errors.Is(translate("", err), store.ErrUnavailable)
}

// latestDeadline returns when the last of the callers gives up.
func latestDeadline(calls []*rotationCall) time.Time {
	latest := time.Time{}
	for _, c := range calls {
		deadline, ok := c.Context.Deadline()
		if !ok {
			return time.Now().Add(batchTimeout)
		}
		if deadline.After(latest) {
			latest = deadline
		}
	}
	return latest
}

// updateTokens is updateToken for many rotations, with arrays. It never waits for a lock of a row:
// what another transaction has locked, or has changed since the snapshot, stays as it is. So it can
// neither end in a deadlock nor delay one rotation for the row of another.
//
// The condition on n is always true. The planner takes it for a selective one and expects few rows,
// so that it finds them by index and by ctid. Otherwise it would read a table of some hundred rows
// as a whole, and with it all their dead versions.
const updateTokens = `
WITH r AS (
    SELECT r.*, locked.place
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::timestamptz[], $6::timestamptz[], $7::bigint[],
            $8::timestamptz[], $9::bytea[], $10::timestamptz[], $11::timestamptz[]) WITH ORDINALITY
        AS r (id, token_hash, next_hash, successor, at, expires_at, step, clock, replacement, always, resumed, n),
    LATERAL (
        SELECT t.ctid AS place FROM refresh_tokens t
        WHERE t.id = r.id AND t.token_hash = r.token_hash
        FOR UPDATE SKIP LOCKED
    ) AS locked
    WHERE r.n % 1 = 0
)
UPDATE refresh_tokens AS t
SET token_hash = r.next_hash, previous_hash = t.token_hash, successor = r.successor, rotated_at = r.at, last_used_at = r.at,
    expires_at = LEAST(r.expires_at, t.absolute_expires_at), step = GREATEST(t.step + 1, r.step),
    replaced = int8send(CAST(EXTRACT(EPOCH FROM COALESCE(r.clock, clock_timestamp())) * 1000000 AS BIGINT)) || r.replacement ||
        CASE WHEN t.rotated_at >= CASE WHEN i.resumed_at >= r.always THEN r.resumed ELSE r.always END
                AND encode(substr(t.replaced, 9, 32), 'hex') = t.previous_hash
            THEN substr(t.replaced, 1, $12) ELSE '' END
FROM r, users u, installation i
WHERE t.ctid = r.place AND t.token_hash = r.token_hash AND t.expires_at > r.at
    AND u.id = t.user_id AND u.disabled_at IS NULL
    AND t.installation_generation >= i.generation AND t.user_generation >= u.generation
RETURNING r.n, u.id, u.username, u.created_at, u.roles, u.claims, u.rights_generation,
    t.created_at, t.expires_at, t.installation_generation, t.user_generation`

// rotateBatch executes the statement once. Unless that fails, it sets the result of each call. The error
// of a call whose row the statement has not changed is unchanged. Results are set after the commit:
// PostgreSQL sends the rows, and that the command is complete, before it commits.
func (s *Store) rotateBatch(ctx context.Context, calls []*rotationCall, unchanged error) error {
	rows, err := s.pool.Query(ctx, updateTokens, rotationArgs(calls)...)
	if err != nil {
		return err
	}
	results := make([]store.RotateResult, len(calls))
	var n int64
	var u store.User
	var t store.Session
	scans := []any{&n, (*[16]byte)(&u.ID), &u.Username, &u.CreatedAt, &u.Rights.Roles, &u.Rights.Claims, &u.Rights.Generation,
		&t.CreatedAt, &t.ExpiresAt, &t.Generation.Installation, &t.Generation.User}
	_, err = pgx.ForEachRow(rows, scans, func() error {
		if n < 1 || int(n) > len(calls) {
			return fmt.Errorf("the database answers to rotation %d of %d", n, len(calls))
		}
		t.ID, u.CreatedAt = calls[n-1].In.SessionID, u.CreatedAt.UTC()
		t.CreatedAt, t.ExpiresAt = t.CreatedAt.UTC(), t.ExpiresAt.UTC()
		results[n-1] = store.NewRotateResult(store.Rotated, t, u)
		return nil
	})
	if err != nil {
		return err
	}
	for i, c := range calls {
		if c.Out = results[i]; c.Out.Outcome != store.Rotated {
			c.Err = unchanged
		}
	}
	return nil
}

// rotationArgs returns the arguments of updateTokens. The statement gets only the first rotation of
// each token, and NULL for the others: no more than one could succeed. Of several tokens of a session
// it finds a row for the current one only.
func rotationArgs(calls []*rotationCall) []any {
	n := len(calls)
	seen := make(map[string]bool, n) // hashes
	ids, steps := make([]pgtype.UUID, n), make([]int64, n)
	hashes, nexts := make([]string, n), make([]string, n)
	sealed, replacements := make([][]byte, n), make([][]byte, n)
	at, expires, always, resumed := make([]time.Time, n), make([]time.Time, n), make([]time.Time, n), make([]time.Time, n)
	var clocks []*time.Time // NULL unless a rotation has one
	for i, c := range calls {
		r := c.In
		if !seen[r.TokenHash] {
			seen[r.TokenHash], ids[i] = true, pgUUID(r.SessionID)
		}
		hashes[i], nexts[i], sealed[i], steps[i], at[i], expires[i] = r.TokenHash, r.NextHash, r.Successor, r.NextStep, r.At, r.ExpiresAt
		replacements[i], _ = r.Replacement() // Rotate has checked it
		always[i], resumed[i] = r.KeepsSince()
		if !r.Clock.IsZero() && clocks == nil {
			clocks = make([]*time.Time, n)
		}
		if clocks != nil {
			clocks[i] = nullTime(r.Clock)
		}
	}
	return []any{ids, hashes, nexts, sealed, at, expires, steps, clocks, replacements, always, resumed, store.ReplacedKept}
}

// carriedOut returns the result of a rotation that was carried out although its answer was lost. The
// hash of its successor tells: no other rotation has it. It fails with [store.ErrNotFound] otherwise.
func (s *Store) carriedOut(ctx context.Context, r store.Rotation) (store.RotateResult, error) {
	row := tokenRow{session: store.Session{ID: r.SessionID}}
	if err := row.scan(s.pool.QueryRow(ctx, selectToken, pgUUID(r.SessionID))); err != nil {
		return store.RotateResult{}, translate("read session", err)
	}
	if o := r.Judge(row.state); row.state.TokenHash != r.NextHash || (o != store.Retried && o != store.Reused) {
		return store.RotateResult{}, store.ErrNotFound
	}
	return store.NewRotateResult(store.Rotated, row.session, row.user.get()), nil
}
