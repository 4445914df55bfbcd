package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const countersWithFailures = `
SELECT a.slot, a.user_id, COALESCE(u.username, ''), a.address, a.failures, a.last_at, a.next_at,
    (SELECT max(k.signed_in_at) FROM known_places k WHERE k.user_id = a.user_id AND k.address = a.address AND a.address <> '')
FROM login_attempts a LEFT JOIN users u ON u.id = a.user_id
WHERE a.slot > $1 AND a.failures > 0 AND a.last_at >= $2 AND ($3 = '' OR a.address = $3) AND a.address <> '` + store.CeilingAddress + `'`

const bySlot = `
ORDER BY a.slot
LIMIT $4`

// A user has few counters, and an index finds them.
const (
	selectAttempts     = countersWithFailures + bySlot
	selectUserAttempts = countersWithFailures + ` AND a.user_id = $5` + bySlot
)

// Attempts implements [store.Store].
func (s *Store) Attempts(ctx context.Context, p store.AttemptsPage) ([]store.AttemptCounter, error) {
	query, args := selectAttempts, []any{p.After, p.Since, p.Address, p.Limit}
	if p.UserID != uuid.Nil {
		query, args = selectUserAttempts, append(args, p.UserID)
	}
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, translate("list attempts", err)
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (store.AttemptCounter, error) {
		var a store.AttemptCounter
		var userID uuid.NullUUID
		var signedIn *time.Time
		err := r.Scan(&a.Slot, &userID, &a.Username, &a.Address, &a.Failures, &a.LastAt, &a.NextAt, &signedIn)
		a.UserID, a.LastAt, a.NextAt, a.SignedInAt = userID.UUID, a.LastAt.UTC(), a.NextAt.UTC(), utc(signedIn)
		return a, err
	})
	return list, translate("list attempts", err)
}

const clearAttempts = `
WITH cleared AS (
UPDATE login_attempts SET failures = 0, next_at = LEAST(next_at, $1)
WHERE slot IN (
    SELECT slot FROM login_attempts
    WHERE failures > 0 AND ($2::uuid IS NULL OR user_id = $2) AND ($3 = '' OR address = $3)
    ORDER BY slot
    LIMIT $4
    FOR UPDATE
)
RETURNING address
)
SELECT count(*) FILTER (WHERE address <> '` + store.CeilingAddress + `') FROM cleared`

// ClearAttempts implements [store.Store].
func (s *Store) ClearAttempts(ctx context.Context, userID uuid.UUID, address string, limit int, e store.Event) (cleared int, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, clearAttempts, e.At, nullID(userID), address, limit).Scan(&cleared); err != nil {
			return err
		}
		return record(ctx, tx, e)
	})
	if err != nil {
		return 0, translate("clear attempts", err)
	}
	return cleared, nil
}

// deleteOld returns a statement that deletes old rows in one page of a table with slots.
func deleteOld(table, column string) string {
	return `
WITH page AS (
    SELECT slot FROM ` + table + ` WHERE slot > $2 ORDER BY slot LIMIT $3
), gone AS (
    DELETE FROM ` + table + ` WHERE slot IN (
        SELECT slot FROM ` + table + `
        WHERE slot IN (SELECT slot FROM page) AND ` + column + ` < $1
        ORDER BY slot
        FOR UPDATE SKIP LOCKED
    )
)
SELECT CASE WHEN count(*) < $3 THEN -1 ELSE max(slot) END FROM page`
}

// DeleteOldAttempts implements [store.Store].
func (s *Store) DeleteOldAttempts(ctx context.Context, before time.Time, after int64, limit int) (next int64, err error) {
	err = s.pool.QueryRow(ctx, deleteOld("login_attempts", "last_at"), before, after, limit).Scan(&next)
	return next, translate("delete old attempts", err)
}

// DeleteOldPlaces implements [store.Store].
func (s *Store) DeleteOldPlaces(ctx context.Context, before time.Time, after int64, limit int) (next int64, err error) {
	err = s.pool.QueryRow(ctx, deleteOld("known_places", "signed_in_at"), before, after, limit).Scan(&next)
	return next, translate("delete old places", err)
}
