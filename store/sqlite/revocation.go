package sqlite

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const bumpInstallation = `UPDATE installation SET generation = MAX(generation + 1, ?1) WHERE id = 1 RETURNING generation`

const bumpUser = `UPDATE users SET generation = MAX(generation + 1, ?1) WHERE id = ?2 RETURNING generation`

// EndSessions implements [store.Store].
func (s *Store) EndSessions(ctx context.Context, scope store.Scope, e store.Event) (generation int64, err error) {
	err = s.write(ctx, "end sessions", func(tx *sql.Tx) error {
		query, args := bumpUser, []any{store.NextGeneration(e.At), scope.UserID()}
		if scope.Everyone() {
			query, args = bumpInstallation, args[:1]
		}
		if err := tx.QueryRowContext(ctx, query, args...).Scan(&generation); err != nil {
			return err
		}
		if err := publish(ctx, tx, store.Revocation{At: e.At, UserID: scope.UserID(), Generation: generation}); err != nil {
			return err
		}
		return record(ctx, tx, e)
	})
	return generation, err
}

const countUsersSessions = `
SELECT count(*), count(DISTINCT t.user_id)
FROM refresh_tokens t JOIN users u ON u.id = t.user_id, installation i
WHERE t.user_id = ?2 AND ` + alive

const countSessions = `
WITH edge AS (
    SELECT count(*) AS looked, max(user_id) AS last FROM (
        SELECT user_id FROM refresh_tokens
        WHERE user_id > ?2
        ORDER BY user_id
        LIMIT ?3
    )
)
SELECT count(*), count(DISTINCT t.user_id), (SELECT looked FROM edge), (SELECT last FROM edge)
FROM refresh_tokens t JOIN users u ON u.id = t.user_id, installation i
WHERE t.user_id > ?2 AND t.user_id <= (SELECT last FROM edge) AND ` + alive

// CountSessions implements [store.Store].
func (s *Store) CountSessions(ctx context.Context, p store.CountPage) (c store.SessionCount, next uuid.UUID, err error) {
	if !p.Scope.Everyone() {
		err = s.reader.QueryRowContext(ctx, countUsersSessions, micros(p.Now), p.Scope.UserID()).Scan(&c.Sessions, &c.Users)
		return c, uuid.Nil, translate("count sessions", err)
	}
	var looked int
	var last uuid.NullUUID
	err = s.reader.QueryRowContext(ctx, countSessions, micros(p.Now), p.After, p.Limit).Scan(&c.Sessions, &c.Users, &looked, &last)
	if err != nil {
		return store.SessionCount{}, uuid.Nil, translate("count sessions", err)
	}
	if looked == p.Limit {
		next = last.UUID
	}
	return c, next, nil
}

// selectPage is a range of the primary key, so that reading it is fast even if few rows are dead.
const selectPage = `
SELECT count(*), max(id) FROM (
    SELECT id FROM refresh_tokens
    WHERE id > ?1
    ORDER BY id
    LIMIT ?2
)`

const selectUsersPage = `
SELECT count(*), max(id) FROM (
    SELECT id FROM refresh_tokens
    WHERE user_id = ?3 AND id > ?1
    ORDER BY id
    LIMIT ?2
)`

const deleteDeadSessions = `
DELETE FROM refresh_tokens
WHERE id IN (
    SELECT t.id
    FROM refresh_tokens t JOIN users u ON u.id = t.user_id, installation i
    WHERE t.id > ?1 AND t.id <= ?2
        AND (t.expires_at < ?3 OR t.installation_generation < i.generation OR t.user_generation < u.generation)
)`

const deleteUsersDeadSessions = `
DELETE FROM refresh_tokens
WHERE id IN (
    SELECT t.id
    FROM refresh_tokens t JOIN users u ON u.id = t.user_id, installation i
    WHERE t.user_id = ?4 AND t.id > ?1 AND t.id <= ?2
        AND (t.expires_at < ?3 OR t.installation_generation < i.generation OR t.user_generation < u.generation)
)`

// DeleteDeadSessions implements [store.Store].
func (s *Store) DeleteDeadSessions(ctx context.Context, p store.DeadSessionPage) (deleted int, next uuid.UUID, err error) {
	pageOf, deletion, whose := selectPage, deleteDeadSessions, []any(nil)
	if p.UserID != uuid.Nil { // a statement for both cases could not use the user's index
		pageOf, deletion, whose = selectUsersPage, deleteUsersDeadSessions, []any{p.UserID}
	}
	var looked int
	var last uuid.NullUUID
	if err := s.read(ctx, pageOf, append([]any{p.After, p.Limit}, whose...), []any{&looked, &last}); err != nil {
		return 0, uuid.Nil, translate("delete dead sessions", err)
	}
	if looked == 0 {
		return 0, uuid.Nil, nil
	}
	deleted, err = s.exec(ctx, "delete dead sessions", deletion, append([]any{p.After, last.UUID, micros(p.ExpiredBefore)}, whose...)...)
	if err == nil && looked == p.Limit {
		next = last.UUID
	}
	return deleted, next, err
}
