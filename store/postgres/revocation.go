package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const bumpInstallation = `UPDATE installation SET generation = generation + 1 WHERE id = 1 RETURNING generation`

const bumpUser = `UPDATE users SET generation = generation + 1 WHERE id = $1 RETURNING generation`

// EndSessions implements [store.Store].
func (s *Store) EndSessions(ctx context.Context, scope store.Scope, e store.Event) error {
	return translate("end sessions", pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		query, args := bumpUser, []any{scope.UserID()}
		if scope.Everyone() {
			query, args = bumpInstallation, nil
		}
		var generation int64
		if err := tx.QueryRow(ctx, query, args...).Scan(&generation); err != nil {
			return err
		}
		if err := publish(ctx, tx, store.Revocation{At: e.At, UserID: scope.UserID(), Generation: generation}); err != nil {
			return err
		}
		return record(ctx, tx, e)
	}))
}

const countSessions = `
SELECT count(*), count(DISTINCT t.user_id)
FROM refresh_tokens t JOIN users u ON u.id = t.user_id, installation i
WHERE ($1 OR t.user_id = $2) AND t.expires_at > $3 AND u.disabled_at IS NULL
    AND t.installation_generation >= i.generation AND t.user_generation >= u.generation`

// CountSessions implements [store.Store].
func (s *Store) CountSessions(ctx context.Context, scope store.Scope, now time.Time) (store.SessionCount, error) {
	var c store.SessionCount
	err := s.pool.QueryRow(ctx, countSessions, scope.Everyone(), scope.UserID(), now).Scan(&c.Sessions, &c.Users)
	return c, translate("count sessions", err)
}

const deleteDeadSessions = `
DELETE FROM refresh_tokens
WHERE id IN (
    SELECT t.id
    FROM refresh_tokens t JOIN users u ON u.id = t.user_id, installation i
    WHERE t.expires_at < $1 OR t.installation_generation < i.generation OR t.user_generation < u.generation
    LIMIT $2
    FOR UPDATE OF t SKIP LOCKED
)`

// DeleteDeadSessions implements [store.Store].
func (s *Store) DeleteDeadSessions(ctx context.Context, expiredBefore time.Time, limit int) (int, error) {
	tag, err := s.pool.Exec(ctx, deleteDeadSessions, expiredBefore, limit)
	return int(tag.RowsAffected()), translate("delete dead sessions", err)
}
