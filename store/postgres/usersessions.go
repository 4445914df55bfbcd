package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const selectUserSessions = `
SELECT t.id, t.user_id, u.username, t.created_at, t.last_used_at, t.expires_at, t.absolute_expires_at,
    t.remote_addr, t.user_agent, t.installation_generation, t.user_generation
FROM refresh_tokens t JOIN users u ON u.id = t.user_id, installation i
WHERE t.user_id = $1 AND ($3::timestamptz IS NULL OR (t.created_at, t.id) < ($3, $4))
    AND t.expires_at > $2 AND u.disabled_at IS NULL
    AND t.installation_generation >= i.generation AND t.user_generation >= u.generation
ORDER BY t.created_at DESC, t.id DESC
LIMIT $5`

// UserSessions implements [store.Store].
func (s *Store) UserSessions(ctx context.Context, p store.UserSessionPage) ([]store.Session, error) {
	rows, err := s.pool.Query(ctx, selectUserSessions, pgUUID(p.UserID), p.Now, nullTime(p.Before.CreatedAt), p.Before.ID, p.Limit)
	if err != nil {
		return nil, translate("list sessions", err)
	}
	sessions, err := pgx.CollectRows(rows, scanSession)
	return sessions, translate("list sessions", err)
}

// selectLastSignIn reads the last entry of an index in each branch. The condition on the action
// repeats that of audit_events_sign_in_idx word for word.
const selectLastSignIn = `
SELECT at FROM (
    (SELECT created_at AS at FROM refresh_tokens WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1)
    UNION ALL
    (SELECT at FROM audit_events WHERE user_id = $1 AND action = 'authn_login_success' ORDER BY id DESC LIMIT 1)
) AS latest
ORDER BY at DESC
LIMIT 1`

// LastSignIn implements [store.Store].
func (s *Store) LastSignIn(ctx context.Context, userID uuid.UUID) (time.Time, error) {
	var at time.Time
	err := s.pool.QueryRow(ctx, selectLastSignIn, pgUUID(userID)).Scan(&at)
	return at.UTC(), translate("read latest sign-in", err)
}

const deleteUserSession = `
WITH ended AS (
    DELETE FROM refresh_tokens WHERE id = $1 AND user_id = $2 RETURNING id, user_id
), published AS (
    INSERT INTO revocations (at, user_id, session_id, generation)
    SELECT $3::timestamptz, user_id, id, 0 FROM ended
    RETURNING pg_notify('authctl_revocations', '')
)
INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason)
SELECT $3::timestamptz, $4, $5, user_id, id, $6, $7, $8, $9 FROM ended`

// EndUserSession implements [store.Store].
func (s *Store) EndUserSession(ctx context.Context, userID, id uuid.UUID, e store.Event) (bool, error) {
	tag, err := s.pool.Exec(ctx, deleteUserSession, pgUUID(id), pgUUID(userID), e.At, string(e.Action), e.Actor, e.RemoteAddr, e.UserAgent, e.RequestID, e.Reason)
	return tag.RowsAffected() > 0, translate("end session", err)
}

const bumpOthers = `
UPDATE users u SET generation = GREATEST(u.generation + 1, $1)
FROM (SELECT id, generation FROM users WHERE id = $2 FOR UPDATE) before
WHERE u.id = before.id
RETURNING u.generation, before.generation`

const liftSession = `
UPDATE refresh_tokens t SET user_generation = $1
FROM installation i
WHERE t.id = $2 AND t.user_id = $3 AND t.user_generation >= $4 AND t.installation_generation >= i.generation`

// EndOtherSessions implements [store.Store].
func (s *Store) EndOtherSessions(ctx context.Context, userID, spared uuid.UUID, e store.Event) error {
	return translate("end other sessions", pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var generation, before int64
		if err := tx.QueryRow(ctx, bumpOthers, store.NextGeneration(e.At), userID).Scan(&generation, &before); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, liftSession, generation, spared, userID, before); err != nil {
			return err
		}
		if err := publish(ctx, tx, store.Revocation{At: e.At, UserID: userID, Generation: generation, Spared: spared}); err != nil {
			return err
		}
		e.UserID, e.SessionID = userID, spared
		return record(ctx, tx, e)
	}))
}
