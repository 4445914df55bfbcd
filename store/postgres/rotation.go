package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

// The columns previous_hash, successor and rotated_at repeat what replaced holds. They are
// for servers of older releases, which read and write only those.
//
//	$1 session    $2 hash of the token presented    $3 hash of the next one    $4 the next one, sealed
//	$5 the instant    $6 when the session expires    $7 step of the next one
//	$8 the clock that judges, NULL for the database's    $9 the replacement as one entry of replaced
//	$10, $11 since when entries are kept: always, and after servers have resumed    $12 how many are kept
const updateToken = `
UPDATE refresh_tokens AS t
SET token_hash = $3, previous_hash = t.token_hash, successor = $4, rotated_at = $5, last_used_at = $5,
    expires_at = LEAST($6, t.absolute_expires_at), step = GREATEST(t.step + 1, $7),
    replaced = int8send(CAST(EXTRACT(EPOCH FROM COALESCE($8::timestamptz, clock_timestamp())) * 1000000 AS BIGINT)) || $9 ||
        CASE WHEN t.rotated_at >= CASE WHEN i.resumed_at >= $10 THEN $11 ELSE $10 END
                AND encode(substr(t.replaced, 9, 32), 'hex') = t.previous_hash
            THEN substr(t.replaced, 1, $12) ELSE '' END
FROM users u, installation i
WHERE t.id = $1 AND t.token_hash = $2 AND t.expires_at > $5
    AND u.id = t.user_id AND u.disabled_at IS NULL
    AND t.installation_generation >= i.generation AND t.user_generation >= u.generation
RETURNING u.id, u.username, u.created_at, u.roles, u.claims, u.rights_generation,
    t.created_at, t.expires_at, t.installation_generation, t.user_generation`

// Rotate implements [store.Store].
func (s *Store) Rotate(ctx context.Context, r store.Rotation, e store.Event) (store.RotateResult, error) {
	if _, err := r.Replacement(); err != nil {
		return store.RotateResult{}, err
	}
	result, err := s.queueRotation(ctx, r)
	switch {
	case errors.Is(err, errAlone):
		result, err = s.rotateFast(ctx, r)
	case errors.Is(err, errAnswerLost):
		result, err = s.carriedOut(ctx, r)
	}
	// The row may change between the two statements. Then the second finds
	// nothing wrong, and the first must run again. Each time another request
	// has succeeded, so a few attempts are enough.
	for range 3 {
		if !errors.Is(err, store.ErrNotFound) {
			return result, err
		}
		result, err = s.explainRotation(ctx, r, e)
		if err != nil || result.Outcome != store.Rotated {
			return result, err
		}
		result, err = s.rotateFast(ctx, r)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return result, err
	}
	return store.RotateResult{}, fmt.Errorf("rotate token: %w: %w: the session keeps changing", store.ErrUnavailable, store.ErrBusy)
}

func (s *Store) rotateFast(ctx context.Context, r store.Rotation) (store.RotateResult, error) {
	replacement, err := r.Replacement()
	if err != nil {
		return store.RotateResult{}, err
	}
	always, resumed := r.KeepsSince()
	t, u := store.Session{ID: r.SessionID}, store.User{}
	err = s.pool.QueryRow(ctx, updateToken, pgUUID(r.SessionID), r.TokenHash, r.NextHash, r.Successor, r.At, r.ExpiresAt,
		r.NextStep, nullTime(r.Clock), replacement, always, resumed, store.ReplacedKept).
		Scan((*[16]byte)(&u.ID), &u.Username, &u.CreatedAt, &u.Rights.Roles, &u.Rights.Claims, &u.Rights.Generation,
			&t.CreatedAt, &t.ExpiresAt, &t.Generation.Installation, &t.Generation.User)
	if err != nil {
		return store.RotateResult{}, translate("rotate token", err)
	}
	u.CreatedAt, t.CreatedAt, t.ExpiresAt = u.CreatedAt.UTC(), t.CreatedAt.UTC(), t.ExpiresAt.UTC()
	return store.NewRotateResult(store.Rotated, t, u), nil
}

const selectToken = `
SELECT ` + userColumns + `, t.created_at, t.last_used_at, t.expires_at, t.absolute_expires_at, t.remote_addr, t.user_agent,
    t.installation_generation, t.user_generation, t.token_hash, COALESCE(t.previous_hash, ''), t.rotated_at, t.successor,
    t.step, t.replaced, i.resumed_at, clock_timestamp(), i.generation, u.generation
FROM refresh_tokens t JOIN users u ON u.id = t.user_id, installation i
WHERE t.id = $1`

const lockToken = selectToken + ` FOR UPDATE OF t`

// tokenRow scans selectToken.
type tokenRow struct {
	user             userRow
	session          store.Session
	state            store.RotationState
	previous         string
	sealed, replaced []byte
	rotated, resumed *time.Time
}

func (r *tokenRow) scan(row pgx.Row) error {
	t, s := &r.session, &r.state
	err := row.Scan(append(r.user.dest(), &t.CreatedAt, &t.LastUsedAt, &t.ExpiresAt, &t.AbsoluteExpiresAt, &t.RemoteAddr, &t.UserAgent,
		&t.Generation.Installation, &t.Generation.User, &s.TokenHash, &r.previous, &r.rotated, &r.sealed,
		&s.Step, &r.replaced, &r.resumed, &s.Clock, &s.Current.Installation, &s.Current.User)...)
	u := r.user.get()
	t.UserID, t.Username = u.ID, u.Username
	t.CreatedAt, t.LastUsedAt = t.CreatedAt.UTC(), t.LastUsedAt.UTC()
	t.ExpiresAt, t.AbsoluteExpiresAt = t.ExpiresAt.UTC(), t.AbsoluteExpiresAt.UTC()
	s.ReadReplaced(s.Step, r.replaced, r.previous, r.sealed, utc(r.rotated))
	s.Clock, s.ResumedAt = s.Clock.UTC(), utc(r.resumed)
	s.ExpiresAt, s.Disabled, s.Generation = t.ExpiresAt, u.Disabled(), t.Generation
	return err
}

// SessionState implements [store.Store].
func (s *Store) SessionState(ctx context.Context, id uuid.UUID) (store.Session, store.RotationState, error) {
	row := tokenRow{session: store.Session{ID: id}}
	err := row.scan(s.pool.QueryRow(ctx, selectToken, pgUUID(id)))
	return row.session, row.state, translate("read session", err)
}

const deleteToken = `DELETE FROM refresh_tokens WHERE id = $1`

// explainRotation returns why the conditional statement changed no row, and ends the session if the
// outcome requires it.
func (s *Store) explainRotation(ctx context.Context, r store.Rotation, e store.Event) (result store.RotateResult, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		row := tokenRow{session: store.Session{ID: r.SessionID}}
		err := row.scan(tx.QueryRow(ctx, lockToken, r.SessionID))
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // Unknown
		}
		if err != nil {
			return err
		}
		if !r.Clock.IsZero() {
			row.state.Clock = r.Clock
		}
		user, t := row.user.get(), row.session
		result.Outcome = r.Judge(row.state)
		switch result.Outcome {
		case store.Retried:
			result = store.NewRotateResult(store.Retried, t, user)
			result.Successors = row.state.Successors(r.TokenHash)
			return nil
		case store.Reused, store.Lost, store.Revoked, store.Disabled:
			if _, err := tx.Exec(ctx, deleteToken, r.SessionID); err != nil {
				return err
			}
			if err := publish(ctx, tx, store.Revocation{At: r.At, UserID: user.ID, SessionID: t.ID}); err != nil {
				return err
			}
			return record(ctx, tx, e.Refused(result.Outcome, user.ID, t.ID))
		default:
			return nil
		}
	})
	if err != nil {
		return store.RotateResult{}, translate("explain rotation", err)
	}
	return result, nil
}
