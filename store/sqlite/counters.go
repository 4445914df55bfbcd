package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const countersWithFailures = `
SELECT a.slot, a.user_id, COALESCE(u.username, ''), a.address, a.failures, a.last_at, a.next_at,
    (SELECT max(k.signed_in_at) FROM known_places k WHERE k.user_id = a.user_id AND k.address = a.address AND a.address <> '')
FROM login_attempts a LEFT JOIN users u ON u.id = a.user_id
WHERE a.slot > ?1 AND a.failures > 0 AND a.last_at >= ?2 AND (?3 = '' OR a.address = ?3) AND a.address <> '` + store.CeilingAddress + `'`

const bySlot = `
ORDER BY a.slot
LIMIT ?4`

// A user has few counters, and an index finds them.
const (
	selectAttempts     = countersWithFailures + bySlot
	selectUserAttempts = countersWithFailures + ` AND a.user_id = ?5` + bySlot
)

// Attempts implements [store.Store].
func (s *Store) Attempts(ctx context.Context, p store.AttemptsPage) ([]store.AttemptCounter, error) {
	query, args := selectAttempts, []any{p.After, micros(p.Since), p.Address, p.Limit}
	if p.UserID != uuid.Nil {
		query, args = selectUserAttempts, append(args, p.UserID)
	}
	rows, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, translate("list attempts", err)
	}
	defer rows.Close()
	var list []store.AttemptCounter
	for rows.Next() {
		var a store.AttemptCounter
		var userID uuid.NullUUID
		var last, next int64
		var signedIn sql.NullInt64
		if err := rows.Scan(&a.Slot, &userID, &a.Username, &a.Address, &a.Failures, &last, &next, &signedIn); err != nil {
			return nil, translate("list attempts", err)
		}
		a.UserID, a.LastAt, a.NextAt, a.SignedInAt = userID.UUID, instant(last), instant(next), utc(signedIn)
		list = append(list, a)
	}
	return list, translate("list attempts", rows.Err())
}

const clearAttempts = `
UPDATE login_attempts SET failures = 0, next_at = MIN(next_at, ?1)
WHERE slot IN (
    SELECT slot FROM login_attempts
    WHERE failures > 0 AND (?2 IS NULL OR user_id = ?2) AND (?3 = '' OR address = ?3)
    ORDER BY slot
    LIMIT ?4
)
RETURNING address`

// ClearAttempts implements [store.Store].
func (s *Store) ClearAttempts(ctx context.Context, userID uuid.UUID, address string, limit int, e store.Event) (cleared int, err error) {
	err = s.write(ctx, "clear attempts", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, clearAttempts, micros(e.At), nullID(userID), address, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		cleared = 0
		for rows.Next() {
			var of string
			if err := rows.Scan(&of); err != nil {
				return err
			}
			if of != store.CeilingAddress {
				cleared++
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		return record(ctx, tx, e)
	})
	if err != nil {
		return 0, err
	}
	return cleared, nil
}

// DeleteOldAttempts implements [store.Store].
func (s *Store) DeleteOldAttempts(ctx context.Context, before time.Time, after int64, limit int) (int64, error) {
	return s.deleteOld(ctx, "delete old attempts", "login_attempts", "last_at", before, after, limit)
}

// DeleteOldPlaces implements [store.Store].
func (s *Store) DeleteOldPlaces(ctx context.Context, before time.Time, after int64, limit int) (int64, error) {
	return s.deleteOld(ctx, "delete old places", "known_places", "signed_in_at", before, after, limit)
}

// deleteOld deletes old rows in one page of a table with slots.
func (s *Store) deleteOld(ctx context.Context, op, table, column string, before time.Time, after int64, limit int) (next int64, err error) {
	endOfPage := `SELECT CASE WHEN count(*) < ?2 THEN -1 ELSE max(slot) END FROM (SELECT slot FROM ` + table + ` WHERE slot > ?1 ORDER BY slot LIMIT ?2)`
	remove := `DELETE FROM ` + table + ` WHERE slot > ?2 AND (?3 < 0 OR slot <= ?3) AND ` + column + ` < ?1`
	err = s.write(ctx, op, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, endOfPage, after, limit).Scan(&next); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, remove, micros(before), after, next)
		return err
	})
	return next, err
}
