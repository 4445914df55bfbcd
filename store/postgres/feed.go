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
INSERT INTO revocations (at, user_id, session_id, generation, keys, spared, rights_generation)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING pg_notify('` + channel + `', '')`

// publish appends to the feed within a transaction. Listeners are notified when it commits.
func publish(ctx context.Context, tx pgx.Tx, r store.Revocation) error {
	_, err := tx.Exec(ctx, insertRevocation, r.At, nullID(r.UserID), nullID(r.SessionID), r.Generation, r.Keys, nullID(r.Spared), r.Rights)
	return err
}

// selectNewFeed reads the entries after a position. A position is a snapshot: what it does not show
// was committed later, even if it began earlier. The statement itself compares the era, because a
// pooler may send it to another server than the statement before.
const selectNewFeed = currentEra + `
SELECT now.system, now.line, now.boot, CAST(pg_current_snapshot() AS TEXT), i.generation, clock_timestamp(),
    r.at, r.user_id, r.session_id, r.generation, r.keys, r.spared, r.rights_generation
FROM installation i CROSS JOIN now LEFT JOIN revocations r ON ` + era + ` = $1
    AND r.tx >= pg_snapshot_xmin($2::text::pg_snapshot) AND NOT pg_visible_in_snapshot(r.tx, $2::text::pg_snapshot)
    AND ` + fromHere

// fromHere excludes entries that a dump has brought from a cluster with higher transaction ids.
// They were there before any position of this history was taken.
const fromHere = `r.tx < pg_snapshot_xmax(pg_current_snapshot())`

const selectPosition = currentEra + `
SELECT now.system, now.line, now.boot, CAST(pg_current_snapshot() AS TEXT), i.generation, clock_timestamp()
FROM installation i CROSS JOIN now`

const selectFeedPage = `
SELECT id, at, user_id, session_id, generation, keys, spared, rights_generation
FROM revocations
WHERE id > $1 AND at >= $2
ORDER BY id
LIMIT $3`

const feedPage = 1000 // entries in one statement

// Revocations implements [store.Store].
func (s *Store) Revocations(ctx context.Context, after store.Position, since time.Time) (store.Feed, error) {
	if after == "" {
		return s.wholeFeed(ctx, since)
	}
	feed, at, err := s.newFeed(ctx, after)
	if err == nil && at.era() != eraOf(after) {
		if err := s.stays(ctx); err != nil {
			return store.Feed{}, err
		}
		return s.wholeFeed(ctx, since)
	}
	return feed, err
}

func (s *Store) newFeed(ctx context.Context, after store.Position) (feed store.Feed, p place, err error) {
	rows, err := s.pool.Query(ctx, selectNewFeed, eraOf(after), snapshotOf(after))
	if err != nil {
		return store.Feed{}, p, translate("read revocations", err)
	}
	defer rows.Close()
	for rows.Next() {
		var at *time.Time
		var userID, sessionID, spared uuid.NullUUID
		var generation, rights *int64
		var keys *bool
		if err := rows.Scan(append(p.dest(), &feed.Installation, &feed.Clock, &at, &userID, &sessionID, &generation, &keys, &spared, &rights)...); err != nil {
			return store.Feed{}, p, translate("read revocations", err)
		}
		if at != nil { // nil when the feed has no entry
			feed.Entries = append(feed.Entries, store.Revocation{Keys: *keys, At: at.UTC(), UserID: userID.UUID, SessionID: sessionID.UUID, Generation: *generation, Spared: spared.UUID, Rights: *rights})
		}
	}
	feed.Position, feed.History = p.position(), p.history
	return feed, p, translate("read revocations", rows.Err())
}

// wholeFeed reads all entries, page by page. It takes the position first, so that entries committed
// meanwhile come with the next reading at the latest.
func (s *Store) wholeFeed(ctx context.Context, since time.Time) (store.Feed, error) {
	feed := store.Feed{Whole: true}
	var p place
	if err := s.pool.QueryRow(ctx, selectPosition).Scan(append(p.dest(), &feed.Installation, &feed.Clock)...); err != nil {
		return store.Feed{}, translate("read revocations", err)
	}
	feed.Position, feed.History = p.position(), p.history
	for last, more := int64(0), true; more; {
		rows, err := s.pool.Query(ctx, selectFeedPage, last, since, feedPage)
		if err != nil {
			return store.Feed{}, translate("read revocations", err)
		}
		page, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r store.Revocation, err error) {
			var userID, sessionID, spared uuid.NullUUID
			err = row.Scan(&last, &r.At, &userID, &sessionID, &r.Generation, &r.Keys, &spared, &r.Rights)
			r.At, r.UserID, r.SessionID, r.Spared = r.At.UTC(), userID.UUID, sessionID.UUID, spared.UUID
			return r, err
		})
		if err != nil {
			return store.Feed{}, translate("read revocations", err)
		}
		feed.Entries = append(feed.Entries, page...)
		more = len(page) == feedPage
	}
	return feed, nil
}

// WatchRevocations implements [store.Store], on a connection of its own.
func (s *Store) WatchRevocations(ctx context.Context, wake func()) error {
	cfg := s.pool.Config().ConnConfig
	cfg.BuildContextWatcherHandler = lettingGo(0)
	conn, err := pgx.ConnectConfig(ctx, cfg)
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
WHERE id IN (SELECT id FROM revocations WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)`

// DeleteOldRevocations implements [store.Store].
func (s *Store) DeleteOldRevocations(ctx context.Context, before time.Time, limit int) (int, error) {
	tag, err := s.pool.Exec(ctx, deleteOldRevocations, before, limit)
	return int(tag.RowsAffected()), translate("delete old revocations", err)
}
