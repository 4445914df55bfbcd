package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const insertReleasedName = `
INSERT INTO released_names (name_hash, released_at) VALUES ($1, $2)
ON CONFLICT (name_hash) DO UPDATE SET released_at = GREATEST(released_names.released_at, EXCLUDED.released_at)`

// releaseUser removes the rows that belong to a user, and records the name as released.
func releaseUser(ctx context.Context, tx pgx.Tx, u store.User, e store.Event) error {
	if err := forgetUser(ctx, tx, u, e); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, insertReleasedName, store.ReleasedName(u.Folded), e.At)
	return err
}

// insertEventUnlessReleased must come after the insertion of the user's row. That may have waited
// for a transaction that deleted another user with this name, and only a later statement sees the
// name that it has released. It takes no more round trips than the event alone.
const insertEventUnlessReleased = `
INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
WHERE NOT EXISTS (SELECT 1 FROM released_names WHERE name_hash = $10 AND released_at > $11)`

// recordUnlessReleased writes the event of a new user. It returns [store.ErrConflict] when the name
// is still in quarantine.
func recordUnlessReleased(ctx context.Context, tx pgx.Tx, u store.NewUser, e store.Event) error {
	tag, err := tx.Exec(ctx, insertEventUnlessReleased, append(eventArgs(e), store.ReleasedName(u.Folded), nullTime(u.NotReleasedAfter))...)
	if err == nil && tag.RowsAffected() == 0 {
		return store.ErrConflict
	}
	return err
}

const selectReleasedAt = `SELECT released_at FROM released_names WHERE name_hash = $1`

// ReleasedAt implements [store.Store].
func (s *Store) ReleasedAt(ctx context.Context, folded string) (time.Time, error) {
	var at time.Time
	err := s.pool.QueryRow(ctx, selectReleasedAt, store.ReleasedName(folded)).Scan(&at)
	return at.UTC(), translate("read released name", err)
}

const deleteOldReleasedNames = `
DELETE FROM released_names
WHERE name_hash IN (SELECT name_hash FROM released_names WHERE released_at <= $1 ORDER BY released_at LIMIT $2 FOR UPDATE SKIP LOCKED)`

// DeleteOldReleasedNames implements [store.Store].
func (s *Store) DeleteOldReleasedNames(ctx context.Context, until time.Time, limit int) (int, error) {
	tag, err := s.pool.Exec(ctx, deleteOldReleasedNames, until, limit)
	return int(tag.RowsAffected()), translate("delete old released names", err)
}
