package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

// waits tells whether a counter a refuses an attempt; the others say how an admitted attempt
// changes it. The slot may belong to another counter. A counter without a delay refuses nobody,
// because its instants may come from a clock that is ahead of ours.
const (
	waits    = `a.failures > 0 AND a.next_at > GREATEST($5, a.last_at)`
	countOne = `
    ON CONFLICT (slot) DO UPDATE SET
        key = EXCLUDED.key, user_id = EXCLUDED.user_id, address = EXCLUDED.address, last_at = EXCLUDED.last_at,
        failures = `
	hereFailed     = `CASE WHEN a.key = EXCLUDED.key AND a.next_at > $5 - $7 * INTERVAL '1 microsecond' THEN a.failures + 1 ELSE 1 END`
	anywhereFailed = `CASE WHEN a.key = EXCLUDED.key AND a.next_at > $5 - $11 * INTERVAL '1 microsecond' THEN a.failures + 1 ELSE 1 END`
)

// An attempt that Anywhere refuses is not counted Here, because all parts read one snapshot, unless another
// attempt changes Anywhere after it. Locks are
// taken on Here's slot first, as in all statements that change counters.
//
//	$1 folded name    $4 address block    $5 the attempt's instant
//	$2, $3 Here's slot and key    $6 its delays    $7 its quiet time (both in microseconds)
//	$8, $9 Anywhere's slot and key    $10 its delays    $11 its quiet time
//	$12, $13 the place's slot and key    $14 since when it counts
//	$15 how many failures the ceiling allows, 0 for no ceiling
//	$16 to $17 its slots, the last excluded    $18 its window
const beginLogin = `
WITH known AS (
    SELECT EXISTS (SELECT 1 FROM known_places WHERE slot = $12 AND key = $13 AND signed_in_at > $14) AS here
), ceiling AS (
    SELECT CASE WHEN $15::bigint > 0 AND NOT known.here THEN $15 <= (
        SELECT COALESCE(sum(failures), 0) FROM login_attempts WHERE slot >= $16 AND slot < $17 AND key IN ($18::bigint, $18::bigint + 1)
    ) ELSE FALSE END AS reached FROM known
), here AS (
    INSERT INTO login_attempts AS a (slot, key, user_id, address, failures, last_at, next_at)
    SELECT $2, $3, (SELECT id FROM users WHERE username_folded = $1), $4, 1, $5::timestamptz, $5 + ($6::bigint[])[1] * INTERVAL '1 microsecond'
    FROM known, ceiling
    WHERE NOT ceiling.reached AND (known.here OR NOT EXISTS (SELECT 1 FROM login_attempts a WHERE a.slot = $8 AND a.key = $9 AND ` + waits + `))` +
	countOne + hereFailed + `,
        next_at = $5 + ($6)[LEAST(` + hereFailed + `, cardinality($6))] * INTERVAL '1 microsecond'
    WHERE a.key <> EXCLUDED.key OR NOT (` + waits + `)
    RETURNING a.user_id
), anywhere AS (
    INSERT INTO login_attempts AS a (slot, key, user_id, address, failures, last_at, next_at)
    SELECT $8, $9, here.user_id, '', 1, $5, $5 + ($10::bigint[])[1] * INTERVAL '1 microsecond'
    FROM here` +
	countOne + anywhereFailed + `,
        next_at = $5 + ($10)[LEAST(` + anywhereFailed + `, cardinality($10))] * INTERVAL '1 microsecond'
    WHERE a.key <> EXCLUDED.key OR NOT (` + waits + `) OR (SELECT known.here FROM known)
    RETURNING 1
)
SELECT COALESCE(u.id, '00000000-0000-0000-0000-000000000000'), COALESCE(u.username, ''), COALESCE(u.username_folded, ''),
    COALESCE(u.created_at, $5), u.disabled_at, COALESCE(u.password_changed_at, $5), COALESCE(u.failed_logins, 0), u.password_disabled_at,
    COALESCE(u.email, ''), u.email_verified_at, COALESCE(u.locale, ''),
    COALESCE(u.roles, ''), COALESCE(u.claims, ''), COALESCE(u.rights_generation, 0),
    COALESCE(u.password_hash, ''), i.generation, COALESCE(u.generation, 0),
    EXISTS (SELECT 1 FROM anywhere), (SELECT reached FROM ceiling),
    (SELECT max(a.next_at) FROM login_attempts a, known
        WHERE (a.slot = $2 AND a.key = $3 OR a.slot = $8 AND a.key = $9 AND NOT known.here) AND ` + waits + `)
FROM installation i LEFT JOIN users u ON u.username_folded = $1`

// BeginLogin implements [store.Store].
func (s *Store) BeginLogin(ctx context.Context, a store.Attempt) (store.Admission, error) {
	var row userRow
	var c store.Credentials
	var admitted, full bool
	var next *time.Time
	err := s.pool.QueryRow(ctx, beginLogin, a.Folded, a.Here.Slot, a.Here.Key, a.Address, a.At, inMicros(a.Here.Delays), a.Here.Quiet.Microseconds(),
		a.Anywhere.Slot, a.Anywhere.Key, inMicros(a.Anywhere.Delays), a.Anywhere.Quiet.Microseconds(),
		a.Known.Slot, a.Known.Key, a.Known.Since, a.Ceiling.Max, a.Ceiling.First, a.Ceiling.First+a.Ceiling.Slots, a.Ceiling.Window).
		Scan(append(row.dest(), &c.PasswordHash, &c.Generation.Installation, &c.Generation.User, &admitted, &full, &next)...)
	if err != nil {
		return store.Admission{}, translate("begin login", err)
	}
	if full {
		return store.Admission{RetryAt: a.Retry(later(utc(next), a.Ceiling.Until)), Ceiling: true}, nil
	}
	if !admitted {
		return store.Admission{RetryAt: a.Retry(utc(next))}, nil
	}
	if c.User = row.get(); c.User.ID == uuid.Nil {
		return store.Admission{}, nil
	}
	return store.Admission{Credentials: c}, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func inMicros(delays []time.Duration) []int64 {
	list := make([]int64, len(delays))
	for i, d := range delays {
		list[i] = d.Microseconds()
	}
	return list
}

// forgetAttempt locks in the order of insertSession.
//
//	$1 the instant    $2, $3 Here's slot and key    $4, $5 Anywhere's    $6 Anywhere's delays, in microseconds
//	$7, $8 the place's slot and key    $9 user    $10 its address block
const forgetAttempt = `
WITH failed AS (
    SELECT a.failures FROM login_attempts a WHERE a.slot = $2 AND a.key = $3 FOR UPDATE
), here AS (
    UPDATE login_attempts a SET failures = 0, next_at = $1
    FROM failed
    WHERE a.slot = $2 AND a.key = $3
    RETURNING 1
), anywhere AS (
    UPDATE login_attempts a SET failures = ` + othersFailed + `, next_at = LEAST(a.next_at,
        $1 + CASE WHEN ` + othersFailed + ` > 0 THEN ($6::bigint[])[LEAST(` + othersFailed + `, cardinality($6))] ELSE 0 END * INTERVAL '1 microsecond')
    WHERE a.slot = $4 AND a.key = $5 AND (SELECT count(*) FROM here) >= 0
    RETURNING 1
)
INSERT INTO known_places (slot, key, user_id, address, signed_in_at)
SELECT $7::bigint, $8::bigint, $9::uuid, $10, $1::timestamptz
WHERE $7::bigint >= 0 AND (SELECT count(*) FROM anywhere) >= 0
ON CONFLICT (slot) DO UPDATE SET
    key = EXCLUDED.key, user_id = EXCLUDED.user_id, address = EXCLUDED.address, signed_in_at = EXCLUDED.signed_in_at`

// succeeded subtracts the failures of Here from the counters of an attempt and remembers the place,
// within a transaction. If the slot Here belongs to another counter by now, it subtracts only the
// attempt.
func succeeded(ctx context.Context, tx pgx.Tx, at time.Time, a store.Attempt, userID uuid.UUID) error {
	_, err := tx.Exec(ctx, forgetAttempt, at, a.Here.Slot, a.Here.Key, a.Anywhere.Slot, a.Anywhere.Key, inMicros(a.Anywhere.Delays),
		a.Known.Slot, a.Known.Key, userID, a.Address)
	return err
}

const takeBackLogin = `
WITH here AS (
    UPDATE login_attempts SET failures = GREATEST(failures - 1, 0), next_at = LEAST(next_at, $1)
    WHERE slot = $2 AND key = $3
    RETURNING 1
)
UPDATE login_attempts SET failures = GREATEST(failures - 1, 0), next_at = LEAST(next_at, $1)
FROM (SELECT count(*) FROM here) AS first
WHERE slot = $4 AND key = $5`

// TakeBackLogin implements [store.Store].
func (s *Store) TakeBackLogin(ctx context.Context, a store.Attempt) error {
	_, err := s.pool.Exec(ctx, takeBackLogin, a.At, a.Here.Slot, a.Here.Key, a.Anywhere.Slot, a.Anywhere.Key)
	return translate("undo login", err)
}

// $1 to $9 the event: at, action, actor, user, session, address, user agent, request, reason
// $10 failures that disable the password, 0 for never    $11 the action of that event
// $12 to $15 the ceiling: how many it allows, slot, window, and what stands for its address
// $16 to $21 the notice of that event: id, kind, locale, message id, expiry, max in an hour; NULL id for none
var failLogin = `
WITH failed AS (
    UPDATE users SET failed_logins = failed_logins + 1, password_disabled_at = COALESCE(password_disabled_at,
        CASE WHEN $10 > 0 AND failed_logins + 1 >= $10 THEN $1::timestamptz END)
    WHERE id = $4
    RETURNING id, password_disabled_at, username, email, email_verified_at, locale
), counted AS (
    INSERT INTO login_attempts AS a (slot, key, user_id, address, failures, last_at, next_at)
    SELECT $13::bigint, $14::bigint, NULL, $15, 1, $1::timestamptz, $1::timestamptz
    WHERE $12::bigint > 0 AND (SELECT count(*) FROM failed) >= 0
    ON CONFLICT (slot) DO UPDATE SET
        key = CASE WHEN a.key = EXCLUDED.key + 1 THEN a.key ELSE EXCLUDED.key END,
        failures = CASE WHEN a.key IN (EXCLUDED.key, EXCLUDED.key + 1) THEN a.failures + 1 ELSE 1 END,
        last_at = EXCLUDED.last_at, next_at = EXCLUDED.next_at
), noticed AS (
    INSERT INTO outbox (` + mailColumns + `)
    SELECT $16, $17, 'waiting', id, NULL, username, email, '', '', COALESCE(NULLIF(locale, ''), $18), $19,
        $1::timestamptz, $6, $7, $20, ` + noticeDue("$1", "failed.id", "$17", "$21") + `
    FROM failed
    WHERE $16::uuid IS NOT NULL AND password_disabled_at = $1 AND email_verified_at IS NOT NULL
)
INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason)
SELECT $1::timestamptz, $2, $3, $4::uuid, $5::uuid, $6, $7, $8, $9
UNION ALL
SELECT $1::timestamptz, $11, $3, $4::uuid, $5::uuid, $6, $7, $8, $9 FROM failed WHERE password_disabled_at = $1`

// FailLogin implements [store.Store].
func (s *Store) FailLogin(ctx context.Context, disableAt int, c store.Ceiling, notice *store.NewMail, e store.Event) error {
	args := append(eventArgs(e), disableAt, string(store.ActionPasswordDisabled), c.Max, c.Slot, c.Window, store.CeilingAddress)
	_, err := s.pool.Exec(ctx, failLogin, withNotice(args, notice)...)
	return translate("fail login", err)
}

const unlockUser = `
UPDATE users AS u SET failed_logins = 0, password_disabled_at = NULL
WHERE u.id = $1
RETURNING ` + userColumns + `, u.generation`

// UnlockUser implements [store.Store].
func (s *Store) UnlockUser(ctx context.Context, id uuid.UUID, e store.Event) (store.User, error) {
	return s.changeUser(ctx, userChange{op: "unlock user", query: unlockUser, args: []any{id}, also: clearUser}, e)
}

// clearUser forgets the attempts that are counted for a user.
func clearUser(ctx context.Context, tx pgx.Tx, u store.User, e store.Event) error {
	_, err := tx.Exec(ctx, clearAttempts, e.At, nullID(u.ID), "", nil)
	return err
}

const (
	deleteAttempts = `
DELETE FROM login_attempts WHERE slot IN (SELECT slot FROM login_attempts WHERE user_id = $1 ORDER BY slot FOR UPDATE)`
	deletePlaces = `
DELETE FROM known_places WHERE slot IN (SELECT slot FROM known_places WHERE user_id = $1 ORDER BY slot FOR UPDATE)`
)

// forgetUser removes a user's counters and known places.
func forgetUser(ctx context.Context, tx pgx.Tx, u store.User, _ store.Event) error {
	for _, statement := range []string{deleteAttempts, deletePlaces} {
		if _, err := tx.Exec(ctx, statement, u.ID); err != nil {
			return err
		}
	}
	return nil
}
