package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

// othersFailed is the failures that stay Anywhere: it subtracts those of Here, including this
// attempt. If the slot Here belongs to another counter by now, it subtracts only this attempt.
const othersFailed = `GREATEST(a.failures - COALESCE((SELECT failed.failures FROM failed), 1), 0)`

// insertSession takes one round trip. It locks the user against deletion only, as the foreign key
// does anyway. That is enough, because ending sessions raises a generation: a session that
// slips past its condition has the older generation and is dead at once. All statements lock
// in one order: the user, the counters, the place. The counts ensure that: each is computed before
// the next row is read, whether or not that exists.
//
//	$1 session    $2 user    $3 token hash    $4, $5 generations of the installation and the user    $31 step
//	$6 the instant    $7, $8 when it expires, idle and at the latest    $9 address    $10 user agent
//	$11 the stored password hash that was verified    $12 what replaces it, "" for nothing
//	$13 the session that this one replaces, NULL for none    $23 the action of that event
//	$14 to $22 the event: at, action, actor, user, session, address, user agent, request, reason
//	$24, $25 Here's slot and key    $26, $27 Anywhere's    $34 Anywhere's delays, in microseconds
//	$28, $29 the place's slot and key, -1 for none    $30 its address block
//	$32 sessions of one user at once, 0 for no limit    $33 how many more end at a time
//	$35 the user's languages, "" to keep those that are known    $36 since when an earlier success at the place counts
//	$37 to $42 the notice of a new place: id, kind, locale, message id, expiry, max in an hour; NULL id for none
var insertSession = `
WITH started AS (
    INSERT INTO refresh_tokens (id, user_id, token_hash, installation_generation, user_generation,
        created_at, last_used_at, expires_at, absolute_expires_at, remote_addr, user_agent, step)
    SELECT $1, u.id, $3, i.generation, u.generation, $6, $6, LEAST($7, $8::timestamptz), $8, $9, $10, $31
    FROM users u, installation i
    WHERE u.id = $2 AND u.disabled_at IS NULL AND u.password_disabled_at IS NULL AND u.password_hash = $11 AND i.generation = $4 AND u.generation = $5
    FOR KEY SHARE OF u
    RETURNING id, user_id
), settled AS (
    UPDATE users u SET password_hash = CASE WHEN $12 <> '' THEN $12 ELSE u.password_hash END, failed_logins = 0,
        locale = CASE WHEN $35 <> '' THEN $35 ELSE u.locale END
    FROM started
    WHERE u.id = started.user_id AND u.password_hash = $11 AND u.password_disabled_at IS NULL
        AND ($12 <> '' OR u.failed_logins > 0 OR $35 <> '' AND u.locale <> $35)
    RETURNING 1
), failed AS (
    SELECT a.failures FROM login_attempts a, started
    WHERE a.slot = $24 AND a.key = $25 AND (SELECT count(*) FROM settled) >= 0
    FOR UPDATE OF a
), here AS (
    UPDATE login_attempts a SET failures = 0, next_at = $14
    FROM failed
    WHERE a.slot = $24 AND a.key = $25
    RETURNING 1
), anywhere AS (
    UPDATE login_attempts a SET failures = ` + othersFailed + `, next_at = LEAST(a.next_at,
        $14 + CASE WHEN ` + othersFailed + ` > 0 THEN ($34::bigint[])[LEAST(` + othersFailed + `, cardinality($34))] ELSE 0 END * INTERVAL '1 microsecond')
    FROM started
    WHERE a.slot = $26 AND a.key = $27 AND (SELECT count(*) FROM here) >= 0
    RETURNING 1
), known AS (
    INSERT INTO known_places (slot, key, user_id, address, signed_in_at)
    SELECT $28::bigint, $29::bigint, user_id, $30, $14::timestamptz FROM started
    WHERE $28::bigint >= 0 AND (SELECT count(*) FROM anywhere) >= 0
    ON CONFLICT (slot) DO UPDATE SET
        key = EXCLUDED.key, user_id = EXCLUDED.user_id, address = EXCLUDED.address, signed_in_at = EXCLUDED.signed_in_at
), noticed AS (
    INSERT INTO outbox (` + mailColumns + `)
    SELECT $37, $38, 'waiting', u.id, NULL, u.username, u.email, '', '', COALESCE(NULLIF($35, ''), NULLIF(u.locale, ''), $39), $40,
        $14::timestamptz, $19, $20, $41, ` + noticeDue("$14", "u.id", "$38", "$42") + `
    FROM started JOIN users u ON u.id = started.user_id
    WHERE $37::uuid IS NOT NULL AND $28::bigint >= 0 AND u.email_verified_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM known_places k WHERE k.slot = $28 AND k.key = $29 AND k.signed_in_at > $36)
        AND EXISTS (SELECT 1 FROM known_places k WHERE k.user_id = u.id AND NOT (k.slot = $28 AND k.key = $29))
), surplus AS (
    SELECT t.id
    FROM refresh_tokens t JOIN users u ON u.id = t.user_id, installation i
    WHERE $32 > 0 AND t.user_id = $2 AND t.id <> COALESCE($13, $1) AND t.expires_at > $6
        AND t.installation_generation >= i.generation AND t.user_generation >= u.generation
    ORDER BY t.created_at DESC, t.id DESC
    OFFSET GREATEST($32 - 1, 0) LIMIT $33
), replaced AS (
    DELETE FROM refresh_tokens t
    USING started
    WHERE t.id = $13 OR t.id IN (SELECT id FROM surplus)
    RETURNING t.id, t.user_id
), published AS (
    INSERT INTO revocations (at, user_id, session_id, generation)
    SELECT $14::timestamptz, user_id, id, 0 FROM replaced
    RETURNING pg_notify('authctl_revocations', '')
), audited AS (
    INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason)
    SELECT $14::timestamptz, $15, $16, $17::uuid, $18::uuid, $19, $20, $21, $22 FROM started
    UNION ALL
    SELECT $14::timestamptz, $23, $16, user_id, id, $19, $20, $21, $22 FROM replaced
)
SELECT id FROM started`

// StartSession implements [store.Store].
//
// Sign-ins do not share a transaction, as rotations share a statement. Sixteen in one transaction
// took 0.55 to 1.0 of the database's CPU time for a session, so at a hash cost of 4 MiB at most a
// seventh of a login's. But each would hold its locks, some of them of counters that all sign-ins
// from an address share, while the next waits for its own.
func (s *Store) StartSession(ctx context.Context, n store.NewSession, e store.Event) (bool, error) {
	args := append(make([]any, 0, 42), n.ID, n.UserID, n.TokenHash, n.Generation.Installation, n.Generation.User,
		n.CreatedAt, n.ExpiresAt, n.AbsoluteExpiresAt, n.RemoteAddr, n.UserAgent,
		n.PasswordHash, n.Rehash, nullID(n.Replaces))
	args = append(args, eventArgs(e)...)
	a := n.Attempt
	if a == nil {
		a = &store.Attempt{Here: store.Counter{Slot: -1}, Anywhere: store.Counter{Slot: -1}, Known: store.Place{Slot: -1}}
	}
	var since *time.Time // that is what a notice depends on
	if n.Notice != nil {
		since = &a.Known.Since
	}
	args = append(args, string(store.ActionSessionReplaced), a.Here.Slot, a.Here.Key, a.Anywhere.Slot, a.Anywhere.Key,
		a.Known.Slot, a.Known.Key, a.Address, n.Step, n.Max, store.MaxSurplus, inMicros(a.Anywhere.Delays), n.Locale, since)
	args = withNotice(args, n.Notice)
	var id uuid.UUID
	err := translate("start session", s.pool.QueryRow(ctx, insertSession, args...).Scan(&id))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// $1 sessions    $2 to $8 the event: at, action, actor, address, user agent, request, reason
// $9 when the revocation is published
const deleteSessions = `
WITH ended AS (
    DELETE FROM refresh_tokens WHERE id = ANY($1::uuid[]) RETURNING id, user_id
), published AS (
    INSERT INTO revocations (at, user_id, session_id, generation)
    SELECT $9::timestamptz, user_id, id, 0 FROM ended
    RETURNING pg_notify('authctl_revocations', '')
)
INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason)
SELECT $2, $3, $4, user_id, id, $5, $6, $7, $8 FROM ended`

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
	tag, err := s.pool.Exec(ctx, deleteSessions, pgUUIDs(ids), e.At, string(e.Action), e.Actor, e.RemoteAddr, e.UserAgent, e.RequestID, e.Reason, now)
	return int(tag.RowsAffected()), translate("end sessions", err)
}

// alive is the condition under which a session row t of a user u in the installation i is alive at
// $1.
const alive = `t.expires_at > $1 AND u.disabled_at IS NULL AND t.installation_generation >= i.generation AND t.user_generation >= u.generation`

// oneUser reads the user of a session row t by key. A join might read all users for each page.
const oneUser = `SELECT username, disabled_at, generation FROM users WHERE id = t.user_id LIMIT 1`

// selectSessions reads a page that is a range of the primary key, so that it is fast even if few
// rows are alive. It always returns the last row of the page, because the next page begins after
// that.
const selectSessions = `
WITH page AS (
    SELECT id, user_id, created_at, last_used_at, expires_at, absolute_expires_at, remote_addr, user_agent, installation_generation, user_generation
    FROM refresh_tokens
    WHERE id > $2
    ORDER BY id
    LIMIT $3
), edge AS (
    SELECT (SELECT count(*) FROM page) AS looked, id AS last FROM page ORDER BY id DESC LIMIT 1
)
SELECT t.id, t.user_id, u.username, t.created_at, t.last_used_at, t.expires_at, t.absolute_expires_at,
    t.remote_addr, t.user_agent, t.installation_generation, t.user_generation, ` + alive + `, edge.looked
FROM page t CROSS JOIN LATERAL (` + oneUser + `) u, installation i, edge
WHERE t.id = edge.last OR (` + alive + `)
ORDER BY t.id`

// Sessions implements [store.Store].
func (s *Store) Sessions(ctx context.Context, p store.SessionPage) (sessions []store.Session, next uuid.UUID, err error) {
	err = pastDeadRows(ctx, func() error {
		sessions, next = nil, uuid.Nil
		rows, err := s.pool.Query(ctx, selectSessions, p.Now, pgUUID(p.After), p.Limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var isAlive bool
			var looked int
			t, err := scanSessionAnd(rows, &isAlive, &looked)
			if err != nil {
				return err
			}
			if isAlive {
				sessions = append(sessions, t)
			}
			if looked == p.Limit {
				next = t.ID
			}
		}
		return rows.Err()
	})
	return sessions, next, translate("list sessions", err)
}

func scanSession(r pgx.CollectableRow) (store.Session, error) { return scanSessionAnd(r) }

// scanSessionAnd scans a session and further columns after it.
func scanSessionAnd(r pgx.CollectableRow, more ...any) (t store.Session, err error) {
	err = r.Scan(append([]any{&t.ID, &t.UserID, &t.Username, &t.CreatedAt, &t.LastUsedAt, &t.ExpiresAt, &t.AbsoluteExpiresAt,
		&t.RemoteAddr, &t.UserAgent, &t.Generation.Installation, &t.Generation.User}, more...)...)
	t.CreatedAt, t.LastUsedAt = t.CreatedAt.UTC(), t.LastUsedAt.UTC()
	t.ExpiresAt, t.AbsoluteExpiresAt = t.ExpiresAt.UTC(), t.AbsoluteExpiresAt.UTC()
	return t, err
}

const selectAccess = `
SELECT ` + userColumns + `, i.generation, u.generation,
    EXISTS (SELECT 1 FROM refresh_tokens t WHERE t.id = $2 AND t.user_id = u.id),
    EXISTS (SELECT 1 FROM refresh_tokens t WHERE t.id = $2 AND t.user_id = u.id
        AND t.installation_generation >= i.generation AND t.user_generation >= u.generation)
FROM users u, installation i
WHERE u.id = $1`

// Access implements [store.Store].
func (s *Store) Access(ctx context.Context, userID, sessionID uuid.UUID) (store.Access, error) {
	var a store.Access
	var row userRow
	err := s.pool.QueryRow(ctx, selectAccess, pgUUID(userID), pgUUID(sessionID)).
		Scan(append(row.dest(), &a.Generation.Installation, &a.Generation.User, &a.SessionExists, &a.SessionCurrent)...)
	if err != nil {
		return store.Access{}, translate("read access", err)
	}
	a.User = row.get()
	return a, nil
}
