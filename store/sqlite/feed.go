package sqlite

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const insertRevocation = `INSERT INTO revocations (at, user_id, session_id, generation) VALUES (?1, ?2, ?3, ?4)`

// publish appends to the feed within a transaction.
func publish(ctx context.Context, tx *sql.Tx, r store.Revocation) error {
	_, err := tx.ExecContext(ctx, insertRevocation, micros(r.At), nullID(r.UserID), nullID(r.SessionID), r.Generation)
	return err
}

// The id is the position: there is one writer at a time, so that rows become
// visible in the order of their ids.
const selectFeed = `
SELECT (SELECT COALESCE(MAX(id), 0) FROM revocations), i.generation, r.at, r.user_id, r.session_id, r.generation
FROM installation i LEFT JOIN revocations r ON `

const selectWholeFeed = selectFeed + `r.at >= ?1`

const selectNewFeed = selectFeed + `r.id > ?1`

// Revocations implements [store.Store].
func (s *Store) Revocations(ctx context.Context, after store.Position, since time.Time) (store.Feed, error) {
	query, arg := selectWholeFeed, micros(since)
	var read int64
	if after != "" {
		var err error
		if read, err = strconv.ParseInt(string(after), 10, 64); err != nil {
			return store.Feed{}, translate("read revocations", err)
		}
		query, arg = selectNewFeed, read
	}
	rows, err := s.reader.QueryContext(ctx, query, arg)
	if err != nil {
		return store.Feed{}, translate("read revocations", err)
	}
	defer rows.Close()
	var feed store.Feed
	for rows.Next() {
		var newest int64
		var at, generation sql.NullInt64
		var userID, sessionID uuid.NullUUID
		if err := rows.Scan(&newest, &feed.Installation, &at, &userID, &sessionID, &generation); err != nil {
			return store.Feed{}, translate("read revocations", err)
		}
		read = max(read, newest)
		if at.Valid { // else there is none
			feed.Entries = append(feed.Entries, store.Revocation{At: instant(at.Int64), UserID: userID.UUID, SessionID: sessionID.UUID, Generation: generation.Int64})
		}
	}
	feed.Position = store.Position(strconv.FormatInt(read, 10))
	return feed, translate("read revocations", rows.Err())
}

// watchEvery is how often another connection's commits are looked for.
const watchEvery = 100 * time.Millisecond

// WatchRevocations implements [store.Store]. SQLite cannot tell of a commit, so it
// is asked, at no cost to speak of, whether there was one.
func (s *Store) WatchRevocations(ctx context.Context, wake func()) error {
	conn, err := s.reader.Conn(ctx)
	if err != nil {
		return translate("watch revocations", err)
	}
	defer conn.Close()
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for last := int64(-1); ; {
		var version int64
		if err := conn.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&version); err != nil {
			return translate("watch revocations", err)
		}
		if version != last {
			last = version
			wake()
		}
		select {
		case <-ctx.Done():
			return translate("watch revocations", ctx.Err())
		case <-ticker.C:
		}
	}
}

const deleteOldRevocations = `DELETE FROM revocations WHERE id IN (SELECT id FROM revocations WHERE at < ?1 LIMIT ?2)`

// DeleteOldRevocations implements [store.Store].
func (s *Store) DeleteOldRevocations(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, "delete old revocations", deleteOldRevocations, micros(before), limit)
}
