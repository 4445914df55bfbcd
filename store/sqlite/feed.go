package sqlite

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const insertRevocation = `INSERT INTO revocations (at, user_id, session_id, generation, keys, spared, rights_generation) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`

// publish appends to the feed within a transaction.
func publish(ctx context.Context, tx *sql.Tx, r store.Revocation) error {
	_, err := tx.ExecContext(ctx, insertRevocation, micros(r.At), nullID(r.UserID), nullID(r.SessionID), r.Generation, r.Keys, nullID(r.Spared), r.Rights)
	return err
}

// selectNewFeed reads the entries after a position. The position is an id: there is one writer at a
// time, so rows become visible in the order of their ids.
const selectNewFeed = `
SELECT ` + lastID + `, i.generation, ` + clockMicros + `, r.at, r.user_id, r.session_id, r.generation, r.keys, r.spared, r.rights_generation
FROM installation i LEFT JOIN revocations r ON r.id > ?1`

const selectPosition = `SELECT ` + lastID + `, generation, ` + clockMicros + ` FROM installation`

const selectFeedPage = `
SELECT id, at, user_id, session_id, generation, keys, spared, rights_generation
FROM revocations
WHERE id > ?1 AND at >= ?2
ORDER BY id
LIMIT ?3`

const feedPage = 1000 // entries in one statement

// Revocations implements [store.Store].
func (s *Store) Revocations(ctx context.Context, after store.Position, since time.Time) (store.Feed, error) {
	if after == "" {
		return s.wholeFeed(ctx, since)
	}
	read, err := strconv.ParseInt(string(after), 10, 64)
	if err != nil {
		return store.Feed{}, translate("read revocations", err)
	}
	rows, err := s.reader.QueryContext(ctx, selectNewFeed, read)
	if err != nil {
		return store.Feed{}, translate("read revocations", err)
	}
	defer rows.Close()
	var feed store.Feed
	var newest int64
	for rows.Next() {
		var clock int64
		var at, generation, rights sql.NullInt64
		var userID, sessionID, spared uuid.NullUUID
		var keys sql.NullBool
		if err := rows.Scan(&newest, &feed.Installation, &clock, &at, &userID, &sessionID, &generation, &keys, &spared, &rights); err != nil {
			return store.Feed{}, translate("read revocations", err)
		}
		feed.Clock = instant(clock)
		if at.Valid { // NULL when the feed has no entry
			feed.Entries = append(feed.Entries, store.Revocation{Keys: keys.Bool, At: instant(at.Int64), UserID: userID.UUID, SessionID: sessionID.UUID, Generation: generation.Int64, Spared: spared.UUID, Rights: rights.Int64})
		}
	}
	if err := rows.Err(); err != nil {
		return store.Feed{}, translate("read revocations", err)
	}
	if newest < read { // within one history ids never decrease
		return s.wholeFeed(ctx, since)
	}
	feed.Position = position(newest)
	return feed, nil
}

// wholeFeed reads all entries, page by page. It takes the position first, so that entries committed
// meanwhile come with the next reading at the latest.
func (s *Store) wholeFeed(ctx context.Context, since time.Time) (store.Feed, error) {
	feed := store.Feed{Whole: true}
	var newest, clock int64
	if err := s.read(ctx, selectPosition, nil, []any{&newest, &feed.Installation, &clock}); err != nil {
		return store.Feed{}, translate("read revocations", err)
	}
	feed.Position, feed.Clock = position(newest), instant(clock)
	for last, more := int64(0), true; more; {
		page, err := s.feedPage(ctx, &last, since)
		if err != nil {
			return store.Feed{}, translate("read revocations", err)
		}
		feed.Entries = append(feed.Entries, page...)
		more = len(page) == feedPage
	}
	return feed, nil
}

func (s *Store) feedPage(ctx context.Context, last *int64, since time.Time) ([]store.Revocation, error) {
	rows, err := s.reader.QueryContext(ctx, selectFeedPage, *last, micros(since), feedPage)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var page []store.Revocation
	for rows.Next() {
		var r store.Revocation
		var at int64
		var userID, sessionID, spared uuid.NullUUID
		if err := rows.Scan(last, &at, &userID, &sessionID, &r.Generation, &r.Keys, &spared, &r.Rights); err != nil {
			return nil, err
		}
		r.At, r.UserID, r.SessionID, r.Spared = instant(at), userID.UUID, sessionID.UUID, spared.UUID
		page = append(page, r)
	}
	return page, rows.Err()
}

// watchEvery is the interval of checks for commits by other connections.
const watchEvery = 100 * time.Millisecond

// WatchRevocations implements [store.Store]. SQLite cannot notify of a commit, so this
// polls for one, which costs almost nothing. It also checks the files.
func (s *Store) WatchRevocations(ctx context.Context, wake func()) error {
	conn, err := s.reader.Conn(ctx)
	if err != nil {
		return translate("watch revocations", err)
	}
	defer conn.Close()
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	overwrites := s.file.Overwrites()
	for last := int64(-1); ; {
		if err := overwrites.Check(); err != nil {
			return translate("watch revocations", err)
		}
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
