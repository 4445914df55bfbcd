package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const channel = "authctl_revocations"

const insertRevocation = `
INSERT INTO revocations (at, user_id, session_id, generation)
VALUES ($1, $2, $3, $4)
RETURNING pg_notify('` + channel + `', '')`

// publish appends to the feed within a transaction; listeners are told when it
// commits.
func publish(ctx context.Context, tx pgx.Tx, r store.Revocation) error {
	_, err := tx.Exec(ctx, insertRevocation, r.At, nullID(r.UserID), nullID(r.SessionID), r.Generation)
	return err
}

// A snapshot is the position: what it does not show was committed after it was
// taken, whenever it began.
const selectFeed = `
SELECT CAST(pg_current_snapshot() AS TEXT), i.generation, r.at, r.user_id, r.session_id, r.generation
FROM installation i LEFT JOIN revocations r ON `

const selectWholeFeed = selectFeed + `r.at >= $1`

const selectNewFeed = selectFeed + `r.tx >= pg_snapshot_xmin($1::text::pg_snapshot)
    AND NOT pg_visible_in_snapshot(r.tx, $1::text::pg_snapshot)`

// Revocations implements [store.Store].
func (s *Store) Revocations(ctx context.Context, after store.Position, since time.Time) (store.Feed, error) {
	query, arg := selectNewFeed, any(string(after))
	if after == "" {
		query, arg = selectWholeFeed, since
	}
	rows, err := s.pool.Query(ctx, query, arg)
	if err != nil {
		return store.Feed{}, translate("read revocations", err)
	}
	defer rows.Close()
	var feed store.Feed
	for rows.Next() {
		var at *time.Time
		var userID, sessionID uuid.NullUUID
		var generation *int64
		if err := rows.Scan(&feed.Position, &feed.Installation, &at, &userID, &sessionID, &generation); err != nil {
			return store.Feed{}, translate("read revocations", err)
		}
		if at != nil { // else there is none
			feed.Entries = append(feed.Entries, store.Revocation{At: at.UTC(), UserID: userID.UUID, SessionID: sessionID.UUID, Generation: *generation})
		}
	}
	return feed, translate("read revocations", rows.Err())
}

// WatchRevocations implements [store.Store], on a connection of its own.
func (s *Store) WatchRevocations(ctx context.Context, wake func()) error {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return translate("watch revocations", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return translate("watch revocations", err)
	}
	for {
		wake()
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return translate("watch revocations", err)
		}
	}
}

const deleteOldRevocations = `
DELETE FROM revocations
WHERE id IN (SELECT id FROM revocations WHERE at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`

// DeleteOldRevocations implements [store.Store].
func (s *Store) DeleteOldRevocations(ctx context.Context, before time.Time, limit int) (int, error) {
	tag, err := s.pool.Exec(ctx, deleteOldRevocations, before, limit)
	return int(tag.RowsAffected()), translate("delete old revocations", err)
}
