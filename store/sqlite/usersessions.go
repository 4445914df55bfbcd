package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const selectUserSessions = `
SELECT t.id, t.user_id, u.username, t.created_at, t.last_used_at, t.expires_at, t.absolute_expires_at,
    t.remote_addr, t.user_agent, t.installation_generation, t.user_generation
FROM refresh_tokens t JOIN users u ON u.id = t.user_id, installation i
WHERE t.user_id = ?1 AND (t.created_at, t.id) < (?3, ?4)
    AND t.expires_at > ?2 AND u.disabled_at IS NULL
    AND t.installation_generation >= i.generation AND t.user_generation >= u.generation
ORDER BY t.created_at DESC, t.id DESC
LIMIT ?5`

// UserSessions implements [store.Store].
func (s *Store) UserSessions(ctx context.Context, p store.UserSessionPage) ([]store.Session, error) {
	before := int64(math.MaxInt64)
	if !p.Before.CreatedAt.IsZero() {
		before = micros(p.Before.CreatedAt)
	}
	rows, err := s.reader.QueryContext(ctx, selectUserSessions, p.UserID, micros(p.Now), before, p.Before.ID, p.Limit)
	if err != nil {
		return nil, translate("list sessions", err)
	}
	return scanSessions(rows)
}

// selectLastSignIn reads the last entry of an index in each branch. The condition on the action
// repeats that of audit_events_sign_in_idx word for word.
const selectLastSignIn = `
SELECT at FROM (
    SELECT * FROM (SELECT created_at AS at FROM refresh_tokens WHERE user_id = ?1 ORDER BY created_at DESC, id DESC LIMIT 1)
    UNION ALL
    SELECT * FROM (SELECT at FROM audit_events WHERE user_id = ?1 AND action = 'authn_login_success' ORDER BY id DESC LIMIT 1)
)
ORDER BY at DESC
LIMIT 1`

// LastSignIn implements [store.Store].
func (s *Store) LastSignIn(ctx context.Context, userID uuid.UUID) (time.Time, error) {
	var at int64
	if err := s.reader.QueryRowContext(ctx, selectLastSignIn, userID).Scan(&at); err != nil {
		return time.Time{}, translate("read latest sign-in", err)
	}
	return instant(at), nil
}

const selectOwner = `SELECT user_id FROM refresh_tokens WHERE id = ?1 AND user_id = ?2`

// EndUserSession implements [store.Store].
func (s *Store) EndUserSession(ctx context.Context, userID, id uuid.UUID, e store.Event) (bool, error) {
	return share(ctx, s, &change{op: "end session"}, func(ctx context.Context, tx *sql.Tx) (bool, error) {
		var owner uuid.UUID
		err := tx.QueryRowContext(ctx, selectOwner, id, userID).Scan(&owner)
		if errors.Is(err, sql.ErrNoRows) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		return endSession(ctx, tx, id, e.At, e)
	})
}

const selectGeneration = `SELECT generation FROM users WHERE id = ?1`

const liftSession = `
UPDATE refresh_tokens SET user_generation = (SELECT generation FROM users WHERE id = ?2)
WHERE id = ?1 AND user_id = ?2 AND user_generation >= ?3
    AND installation_generation >= (SELECT generation FROM installation)`

// EndOtherSessions implements [store.Store].
func (s *Store) EndOtherSessions(ctx context.Context, userID, spared uuid.UUID, e store.Event) error {
	return s.write(ctx, "end other sessions", func(tx *sql.Tx) error {
		var before, generation int64
		if err := tx.QueryRowContext(ctx, selectGeneration, userID).Scan(&before); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, bumpUser, store.NextGeneration(e.At), userID).Scan(&generation); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, liftSession, spared, userID, before); err != nil {
			return err
		}
		if err := publish(ctx, tx, store.Revocation{At: e.At, UserID: userID, Generation: generation, Spared: spared}); err != nil {
			return err
		}
		e.UserID, e.SessionID = userID, spared
		return record(ctx, tx, e)
	})
}
