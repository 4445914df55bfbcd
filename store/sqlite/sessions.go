package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const insertSession = `
INSERT INTO refresh_tokens (id, user_id, token_hash, installation_generation, user_generation,
    created_at, last_used_at, expires_at, absolute_expires_at, remote_addr, user_agent, step)
SELECT ?1, u.id, ?3, i.generation, u.generation, ?6, ?6, MIN(?7, ?8), ?8, ?9, ?10, ?12
FROM users u, installation i
WHERE u.id = ?2 AND u.disabled_at IS NULL AND u.password_disabled_at IS NULL AND u.password_hash = ?11 AND i.generation = ?4 AND u.generation = ?5`

const settleUser = `
UPDATE users SET password_hash = CASE WHEN ?2 <> '' THEN ?2 ELSE password_hash END, failed_logins = 0,
    locale = CASE WHEN ?4 <> '' THEN ?4 ELSE locale END
WHERE id = ?1 AND password_hash = ?3 AND (?2 <> '' OR failed_logins > 0 OR ?4 <> '' AND locale <> ?4)`

const isNewPlace = `
SELECT NOT EXISTS (SELECT 1 FROM known_places WHERE slot = ?2 AND key = ?3 AND signed_in_at > ?4)
    AND EXISTS (SELECT 1 FROM known_places WHERE user_id = ?1 AND NOT (slot = ?2 AND key = ?3))`

// noticePlace queues the notice of a sign-in from a new place of a user who has others. It comes
// before the place is remembered.
func noticePlace(ctx context.Context, tx *sql.Tx, n store.NewSession, e store.Event) error {
	if n.Notice == nil || n.Attempt == nil || n.Attempt.Known.Slot < 0 {
		return nil
	}
	var isNew bool
	known := n.Attempt.Known
	if err := tx.QueryRowContext(ctx, isNewPlace, n.UserID, known.Slot, known.Key, micros(known.Since)).Scan(&isNew); err != nil || !isNew {
		return err
	}
	var row userRow
	if err := tx.QueryRowContext(ctx, selectUserByID, n.UserID).Scan(row.dest()...); err != nil {
		return err
	}
	return queueMail(ctx, tx, n.Notice, ownerOf(row.get()), e)
}

// StartSession implements [store.Store].
func (s *Store) StartSession(ctx context.Context, n store.NewSession, e store.Event) (bool, error) {
	return share(ctx, s, &change{op: "start session"}, func(ctx context.Context, tx *sql.Tx) (started bool, err error) {
		result, err := tx.ExecContext(ctx, insertSession, n.ID, n.UserID, n.TokenHash, n.Generation.Installation, n.Generation.User,
			micros(n.CreatedAt), micros(n.ExpiresAt), micros(n.AbsoluteExpiresAt), n.RemoteAddr, n.UserAgent, n.PasswordHash, n.Step)
		if err != nil {
			return false, err
		}
		if rows, err := result.RowsAffected(); err != nil || rows == 0 {
			return false, err
		}
		if _, err := tx.ExecContext(ctx, settleUser, n.UserID, n.Rehash, n.PasswordHash, n.Locale); err != nil {
			return false, err
		}
		if err := noticePlace(ctx, tx, n, e); err != nil {
			return false, err
		}
		if n.Attempt != nil {
			if err := succeeded(ctx, tx, e.At, *n.Attempt, n.UserID); err != nil {
				return false, err
			}
		}
		if err := endReplaced(ctx, tx, n, e); err != nil {
			return false, err
		}
		return true, record(ctx, tx, e)
	})
}

const selectSurplus = `
SELECT t.id
FROM refresh_tokens t JOIN users u ON u.id = t.user_id, installation i
WHERE t.user_id = ?1 AND t.expires_at > ?2
    AND t.installation_generation >= i.generation AND t.user_generation >= u.generation
ORDER BY t.created_at DESC, t.id DESC
LIMIT ?4 OFFSET ?3`

// endReplaced ends the sessions that a sign-in replaces.
func endReplaced(ctx context.Context, tx *sql.Tx, n store.NewSession, e store.Event) error {
	e.Action = store.ActionSessionReplaced
	if n.Replaces != uuid.Nil {
		if _, err := endSession(ctx, tx, n.Replaces, e.At, e); err != nil {
			return err
		}
	}
	if n.Max == 0 {
		return nil
	}
	surplus, err := ids(tx.QueryContext(ctx, selectSurplus, n.UserID, micros(n.CreatedAt), n.Max, store.MaxSurplus))
	for _, id := range surplus {
		if err == nil {
			_, err = endSession(ctx, tx, id, e.At, e)
		}
	}
	return err
}

func ids(rows *sql.Rows, err error) (list []uuid.UUID, _ error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		list = append(list, id)
	}
	return list, rows.Err()
}

const deleteSession = `DELETE FROM refresh_tokens WHERE id = ?1 RETURNING user_id`

// EndSession implements [store.Store].
func (s *Store) EndSession(ctx context.Context, id uuid.UUID, e store.Event) (bool, error) {
	ended, err := s.EndSessionsByID(ctx, []uuid.UUID{id}, e)
	return ended > 0, err
}

// EndSessionsByID implements [store.Store].
func (s *Store) EndSessionsByID(ctx context.Context, ids []uuid.UUID, e store.Event) (int, error) {
	return s.EndSessionsLate(ctx, ids, e.At, e)
}

// EndSessionsLate implements [store.Store].
func (s *Store) EndSessionsLate(ctx context.Context, ids []uuid.UUID, now time.Time, e store.Event) (int, error) {
	return share(ctx, s, &change{op: "end sessions"}, func(ctx context.Context, tx *sql.Tx) (n int, err error) {
		for _, id := range ids {
			ended, err := endSession(ctx, tx, id, now, e)
			if err != nil {
				return 0, err
			}
			if ended {
				n++
			}
		}
		return n, nil
	})
}

// endSession deletes a session if it exists, publishes that at now, and writes its event.
func endSession(ctx context.Context, tx *sql.Tx, id uuid.UUID, now time.Time, e store.Event) (bool, error) {
	err := tx.QueryRowContext(ctx, deleteSession, id).Scan(&e.UserID)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	e.SessionID = id
	if err := publish(ctx, tx, store.Revocation{At: now, UserID: e.UserID, SessionID: id}); err != nil {
		return false, err
	}
	return true, record(ctx, tx, e)
}

// alive is the condition under which a session row t of a user u in the installation i is alive at
// ?1.
const alive = `t.expires_at > ?1 AND u.disabled_at IS NULL AND t.installation_generation >= i.generation AND t.user_generation >= u.generation`

// selectSessions reads a page that is a range of the primary key, so that it is fast even if few
// rows are alive. It always returns the last row of the page, because the next page begins after
// that.
const selectSessions = `
WITH page AS (
    SELECT id, user_id, created_at, last_used_at, expires_at, absolute_expires_at, remote_addr, user_agent, installation_generation, user_generation
    FROM refresh_tokens
    WHERE id > ?2
    ORDER BY id
    LIMIT ?3
), edge AS (
    SELECT count(*) AS looked, max(id) AS last FROM page
)
SELECT t.id, t.user_id, u.username, t.created_at, t.last_used_at, t.expires_at, t.absolute_expires_at,
    t.remote_addr, t.user_agent, t.installation_generation, t.user_generation, ` + alive + `, edge.looked
FROM page t JOIN users u ON u.id = t.user_id, installation i, edge
WHERE t.id = edge.last OR (` + alive + `)
ORDER BY t.id`

// Sessions implements [store.Store].
func (s *Store) Sessions(ctx context.Context, p store.SessionPage) (sessions []store.Session, next uuid.UUID, err error) {
	rows, err := s.reader.QueryContext(ctx, selectSessions, micros(p.Now), p.After, p.Limit)
	if err != nil {
		return nil, uuid.Nil, translate("list sessions", err)
	}
	defer rows.Close()
	for rows.Next() {
		var isAlive bool
		var looked int
		t, err := scanSession(rows, &isAlive, &looked)
		if err != nil {
			return nil, uuid.Nil, translate("list sessions", err)
		}
		if isAlive {
			sessions = append(sessions, t)
		}
		if looked == p.Limit {
			next = t.ID
		}
	}
	return sessions, next, translate("list sessions", rows.Err())
}

func scanSessions(rows *sql.Rows) ([]store.Session, error) {
	defer rows.Close()
	var sessions []store.Session
	for rows.Next() {
		t, err := scanSession(rows)
		if err != nil {
			return nil, translate("list sessions", err)
		}
		sessions = append(sessions, t)
	}
	return sessions, translate("list sessions", rows.Err())
}

// scanSession scans a session and further columns after it.
func scanSession(rows *sql.Rows, more ...any) (t store.Session, err error) {
	var created, used, expires, absolute int64
	err = rows.Scan(append([]any{&t.ID, &t.UserID, &t.Username, &created, &used, &expires, &absolute,
		&t.RemoteAddr, &t.UserAgent, &t.Generation.Installation, &t.Generation.User}, more...)...)
	t.CreatedAt, t.LastUsedAt = instant(created), instant(used)
	t.ExpiresAt, t.AbsoluteExpiresAt = instant(expires), instant(absolute)
	return t, err
}

const selectAccess = `
SELECT ` + userColumns + `, i.generation, users.generation,
    EXISTS (SELECT 1 FROM refresh_tokens t WHERE t.id = ?2 AND t.user_id = users.id),
    EXISTS (SELECT 1 FROM refresh_tokens t WHERE t.id = ?2 AND t.user_id = users.id
        AND t.installation_generation >= i.generation AND t.user_generation >= users.generation)
FROM users, installation i
WHERE users.id = ?1`

// Access implements [store.Store].
func (s *Store) Access(ctx context.Context, userID, sessionID uuid.UUID) (store.Access, error) {
	var a store.Access
	var row userRow
	err := s.read(ctx, selectAccess, []any{userID, sessionID},
		append(row.dest(), &a.Generation.Installation, &a.Generation.User, &a.SessionExists, &a.SessionCurrent))
	if err != nil {
		return store.Access{}, translate("read access", err)
	}
	a.User = row.get()
	return a, nil
}
