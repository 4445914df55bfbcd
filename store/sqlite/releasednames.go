package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/authctl/authctl/store"
)

const insertReleasedName = `
INSERT INTO released_names (name_hash, released_at) VALUES (?1, ?2)
ON CONFLICT (name_hash) DO UPDATE SET released_at = MAX(released_names.released_at, excluded.released_at)`

// releaseUser removes the rows that belong to a user, and records the name as released.
func releaseUser(ctx context.Context, tx *sql.Tx, u store.User, e store.Event) error {
	if err := forgetUser(ctx, tx, u, e); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, insertReleasedName, store.ReleasedName(u.Folded), micros(e.At))
	return err
}

const insertEventUnlessReleased = `
INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
WHERE NOT EXISTS (SELECT 1 FROM released_names WHERE name_hash = ?10 AND released_at > ?11)`

// recordUnlessReleased writes the event of a new user. It returns [store.ErrConflict] when the name
// is still in quarantine.
func recordUnlessReleased(ctx context.Context, tx *sql.Tx, u store.NewUser, e store.Event) error {
	var after any
	if !u.NotReleasedAfter.IsZero() {
		after = micros(u.NotReleasedAfter)
	}
	done, err := tx.ExecContext(ctx, insertEventUnlessReleased, append(eventArgs(e), store.ReleasedName(u.Folded), after)...)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return store.ErrConflict
}

const selectReleasedAt = `SELECT released_at FROM released_names WHERE name_hash = ?1`

// ReleasedAt implements [store.Store].
func (s *Store) ReleasedAt(ctx context.Context, folded string) (time.Time, error) {
	var at int64
	if err := s.reader.QueryRowContext(ctx, selectReleasedAt, store.ReleasedName(folded)).Scan(&at); err != nil {
		return time.Time{}, translate("read released name", err)
	}
	return instant(at), nil
}

const deleteOldReleasedNames = `
DELETE FROM released_names
WHERE name_hash IN (SELECT name_hash FROM released_names WHERE released_at <= ?1 ORDER BY released_at LIMIT ?2)`

// DeleteOldReleasedNames implements [store.Store].
func (s *Store) DeleteOldReleasedNames(ctx context.Context, until time.Time, limit int) (int, error) {
	return s.exec(ctx, "delete old released names", deleteOldReleasedNames, micros(until), limit)
}
