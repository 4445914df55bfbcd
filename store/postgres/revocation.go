package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const bumpInstallation = `UPDATE installation SET generation = GREATEST(generation + 1, $1) WHERE id = 1 RETURNING generation`

const bumpUser = `UPDATE users SET generation = GREATEST(generation + 1, $1) WHERE id = $2 RETURNING generation`

// EndSessions implements [store.Store].
func (s *Store) EndSessions(ctx context.Context, scope store.Scope, e store.Event) (generation int64, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		query, args := bumpUser, []any{store.NextGeneration(e.At), scope.UserID()}
		if scope.Everyone() {
			query, args = bumpInstallation, args[:1]
		}
		if err := tx.QueryRow(ctx, query, args...).Scan(&generation); err != nil {
			return err
		}
		if err := publish(ctx, tx, store.Revocation{At: e.At, UserID: scope.UserID(), Generation: generation}); err != nil {
			return err
		}
		return record(ctx, tx, e)
	})
	return generation, translate("end sessions", err)
}

const countUsersSessions = `
SELECT count(*), count(DISTINCT t.user_id)
FROM refresh_tokens t JOIN users u ON u.id = t.user_id, installation i
WHERE t.user_id = $2 AND ` + alive

const countSessions = `
WITH page AS (
    SELECT user_id FROM refresh_tokens
    WHERE user_id > $2
    ORDER BY user_id
    LIMIT $3
), edge AS (
    SELECT user_id FROM page ORDER BY user_id DESC LIMIT 1
)
SELECT count(*), count(DISTINCT t.user_id), (SELECT count(*) FROM page), (SELECT user_id FROM edge)
FROM refresh_tokens t CROSS JOIN installation i
    CROSS JOIN LATERAL (` + oneUser + `) u
WHERE t.user_id > $2 AND t.user_id <= (SELECT user_id FROM edge) AND ` + alive

// CountSessions implements [store.Store].
func (s *Store) CountSessions(ctx context.Context, p store.CountPage) (c store.SessionCount, next uuid.UUID, err error) {
	if !p.Scope.Everyone() {
		err = s.pool.QueryRow(ctx, countUsersSessions, p.Now, pgUUID(p.Scope.UserID())).Scan(&c.Sessions, &c.Users)
		return c, uuid.Nil, translate("count sessions", err)
	}
	var looked int
	var last uuid.NullUUID
	err = pastDeadRows(ctx, func() error {
		return s.pool.QueryRow(ctx, countSessions, p.Now, pgUUID(p.After), p.Limit).Scan(&c.Sessions, &c.Users, &looked, &last)
	})
	if err != nil {
		return store.SessionCount{}, uuid.Nil, translate("count sessions", err)
	}
	if looked == p.Limit {
		next = last.UUID
	}
	return c, next, nil
}

// deleteDeadSessions reads a page that is a range of the primary key, so that it is fast even if
// few rows are dead.
const deleteDeadSessions = `
WITH page AS (
    SELECT id FROM refresh_tokens
    WHERE id > $1 AND ($2::uuid IS NULL OR user_id = $2)
    ORDER BY id
    LIMIT $4
), dead AS (
    SELECT t.id
    FROM page JOIN refresh_tokens t ON t.id = page.id JOIN users u ON u.id = t.user_id CROSS JOIN installation i
    WHERE t.expires_at < $3 OR t.installation_generation < i.generation OR t.user_generation < u.generation
    FOR UPDATE OF t SKIP LOCKED
), deleted AS (
    DELETE FROM refresh_tokens WHERE id IN (SELECT id FROM dead) RETURNING id
)
SELECT (SELECT count(*) FROM deleted), (SELECT count(*) FROM page), (SELECT id FROM page ORDER BY id DESC LIMIT 1)`

// DeleteDeadSessions implements [store.Store].
func (s *Store) DeleteDeadSessions(ctx context.Context, p store.DeadSessionPage) (deleted int, next uuid.UUID, err error) {
	var looked int
	var last uuid.NullUUID
	err = pastDeadRows(ctx, func() error {
		return s.pool.QueryRow(ctx, deleteDeadSessions, p.After, nullID(p.UserID), p.ExpiredBefore, p.Limit).Scan(&deleted, &looked, &last)
	})
	if err != nil {
		return 0, uuid.Nil, translate("delete dead sessions", err)
	}
	if looked == p.Limit {
		next = last.UUID
	}
	return deleted, next, nil
}
