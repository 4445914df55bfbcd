package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

// outboxColumns is a mail o with its one-time token m.
const outboxColumns = `o.id, o.kind, o.state, o.user_id, o.username, o.recipient, o.detail, o.locale, o.message_id, o.created_at,
    o.remote_addr, o.user_agent, o.expires_at, o.next_at, o.tries, o.lease, o.leased_until, o.class, o.code, o.enhanced, o.ended_at,
    COALESCE(m.token_hash, ''), m.expires_at`

// scanMail scans outboxColumns.
func scanMail(r pgx.CollectableRow) (m store.Mail, err error) {
	var user, lease uuid.NullUUID
	var leased, ended, token *time.Time
	err = r.Scan(&m.ID, &m.Kind, &m.State, &user, &m.Username, &m.Recipient, &m.Detail, &m.Locale, &m.MessageID, &m.CreatedAt,
		&m.RemoteAddr, &m.UserAgent, &m.ExpiresAt, &m.NextAt, &m.Tries, &lease, &leased, &m.Class, &m.Code, &m.Enhanced, &ended,
		&m.TokenHash, &token)
	m.UserID, m.Lease = user.UUID, lease.UUID
	m.CreatedAt, m.ExpiresAt, m.NextAt = m.CreatedAt.UTC(), m.ExpiresAt.UTC(), m.NextAt.UTC()
	m.LeasedTill, m.EndedAt, m.TokenUntil = utc(leased), utc(ended), utc(token)
	return m, err
}

// withLink is the condition under which a mail has a link.
const withLink = `kind IN ('` + string(store.MailVerify) + `', '` + string(store.MailReset) + `')`

// notice is the condition under which nobody asked for a mail; see [store.MailKind.Requested]. Indexes
// have it.
const notice = `kind NOT IN ('` + string(store.MailVerify) + `', '` + string(store.MailReset) + `', '` + string(store.MailAddressInUse) + `')`

// linkDead is the condition under which a mail o has a link whose token is no longer good at $1.
const linkDead = `o.` + withLink + ` AND (
        SELECT m.id FROM mail_tokens m JOIN users u ON u.id = m.user_id, installation i WHERE m.id = o.id AND ` + tokenGood + `) IS NULL`

// oneToken reads the token of a mail o by key. A join, or EXISTS above, might read all tokens.
const oneToken = `SELECT token_hash, expires_at FROM mail_tokens WHERE id = o.id LIMIT 1`

// claimable is the condition under which a mail o may be claimed at $1 if it is due.
const claimable = `o.state = 'waiting' AND (o.leased_until IS NULL OR o.leased_until <= $1)`

// claimMail locks a page of the mails that are due, and of notices only without a full page of mails
// that somebody asked for. It leaves out what another claim has locked. It ends the dead ones and
// leases the others, as many as there is room for. Without room it locks none. The row of a user who
// was deleted does not outlive its end. It reads ranges of an index, so that it needs no statistics.
//
//	$1 the instant    $2 the lease    $3 its end    $4 size of the page    $5 max mails to lease
//	$6 max mails within an hour, 0 for no limit    $7 an hour ago    $8 max notices among those of $6
const claimMail = `
WITH used AS (
    SELECT count(*) AS mails, count(*) FILTER (WHERE ` + notice + `) AS notices
    FROM (
        SELECT kind FROM outbox WHERE state = 'sent' AND ended_at > $7 AND $6::bigint > 0
        UNION ALL
        SELECT kind FROM outbox WHERE leased_until > $1 AND $6::bigint > 0
    ) AS u
), room AS (
    SELECT CASE WHEN $6::bigint = 0 THEN $5::bigint ELSE LEAST($5::bigint, $6::bigint - mails) END AS n,
        CASE WHEN $6::bigint = 0 THEN $5::bigint ELSE $8::bigint - notices END AS notices
    FROM used
), asked AS (
    SELECT o.id, o.next_at, FALSE AS notice, o.expires_at <= $1 OR ` + linkDead + ` AS dead
    FROM outbox o
    WHERE (o.` + notice + `, o.next_at) <= (FALSE, $1) AND ` + claimable + ` AND (SELECT n FROM room) > 0
    ORDER BY o.` + notice + `, o.next_at
    LIMIT $4
    FOR UPDATE OF o SKIP LOCKED
), notices AS (
    SELECT o.id, o.next_at, TRUE AS notice, o.expires_at <= $1 AS dead
    FROM outbox o
    WHERE (o.` + notice + `, o.next_at) BETWEEN (TRUE, '-infinity') AND (TRUE, $1) AND ` + claimable + `
        AND (SELECT LEAST(n, notices) FROM room) > 0 AND (SELECT count(*) FROM asked) < $4
    ORDER BY o.` + notice + `, o.next_at
    LIMIT $4
    FOR UPDATE OF o SKIP LOCKED
), picked AS (
    SELECT id, notice, dead, row_number() OVER (PARTITION BY dead ORDER BY notice, next_at) AS place,
        row_number() OVER (PARTITION BY dead, notice ORDER BY next_at) AS place_in_kind
    FROM (SELECT id, next_at, notice, dead FROM asked UNION ALL SELECT id, next_at, notice, dead FROM notices) AS page
), gone AS (
    DELETE FROM outbox o USING picked p WHERE o.id = p.id AND p.dead AND o.user_id IS NULL
), o AS (
    UPDATE outbox o SET
        state = CASE WHEN p.dead THEN 'dropped' ELSE o.state END, ended_at = CASE WHEN p.dead THEN $1 END,
        lease = CASE WHEN p.dead THEN o.lease ELSE $2 END, leased_until = CASE WHEN p.dead THEN NULL ELSE $3::timestamptz END,
        tries = o.tries + CASE WHEN p.dead THEN 0 ELSE 1 END
    FROM picked p, room
    WHERE o.id = p.id AND (p.dead AND o.user_id IS NOT NULL
        OR NOT p.dead AND p.place <= room.n AND (NOT p.notice OR p.place_in_kind <= room.notices))
    RETURNING o.id, o.kind, o.state, o.user_id, o.username, o.recipient, o.detail, o.locale, o.message_id, o.created_at, o.remote_addr,
        o.user_agent, o.expires_at, o.next_at, o.tries, o.lease, o.leased_until, o.class, o.code, o.enhanced, o.ended_at
)
SELECT ` + outboxColumns + `
FROM o LEFT JOIN LATERAL (` + oneToken + `) m ON TRUE
ORDER BY o.` + notice + `, o.next_at`

// maxPageOfDead is the max number of dead mails that one statement ends.
const maxPageOfDead = 1000

// ClaimMail implements [store.Store]. While it finds dead mails only, it reads larger pages.
func (s *Store) ClaimMail(ctx context.Context, c store.MailClaim) ([]store.Mail, error) {
	for page := c.Limit; ; page = max(page, min(10*page, maxPageOfDead)) {
		changed, err := s.mails(ctx, claimMail, c.Now, c.Lease, c.Until, page, c.Limit, c.MaxPerHour, c.Now.Add(-time.Hour), c.MaxNotices)
		if err != nil {
			return nil, translate("claim mail", err)
		}
		var claimed []store.Mail
		for _, m := range changed {
			if m.State == store.MailWaiting {
				claimed = append(claimed, m)
			}
		}
		if len(claimed) > 0 || len(changed) == 0 {
			return claimed, nil
		}
	}
}

func (s *Store) mails(ctx context.Context, query string, args ...any) ([]store.Mail, error) {
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanMail)
}

// recordMail deletes the row of a user who was deleted, once it ends.
//
//	$1 mail    $2 lease    $3 state    $4 the instant    $5 the next try    $6 to $8 class, code, enhanced code
const recordMail = `
WITH mine AS (
    SELECT id, user_id IS NULL AND $3 <> 'waiting' AS gone FROM outbox WHERE id = $1 AND lease = $2 AND state = 'waiting' FOR UPDATE
), deleted AS (
    DELETE FROM outbox o USING mine WHERE o.id = mine.id AND mine.gone
), kept AS (
    UPDATE outbox o SET
        state = $3, next_at = COALESCE($5, o.next_at), leased_until = NULL, class = $6, code = $7, enhanced = $8,
        ended_at = CASE WHEN $3 <> 'waiting' THEN $4::timestamptz END
    FROM mine
    WHERE o.id = mine.id AND NOT mine.gone
)
SELECT count(*) FROM mine`

// RecordMail implements [store.Store].
func (s *Store) RecordMail(ctx context.Context, r store.MailResult) (bool, error) {
	var rows int
	err := s.pool.QueryRow(ctx, recordMail, r.ID, r.Lease, string(r.State), r.At, nullTime(r.NextAt), r.Class, r.Code, r.Enhanced).Scan(&rows)
	return rows > 0, translate("record mail", err)
}

const dropLinks = `
UPDATE outbox SET state = 'dropped', ended_at = $2, leased_until = NULL
WHERE id IN (SELECT id FROM outbox WHERE user_id = $1 AND state = 'waiting' AND ` + withLink + ` ORDER BY id FOR UPDATE)`

// endLinks deletes a user's one-time tokens and drops the mail that waits to carry them, within a
// transaction that has locked the user.
func endLinks(ctx context.Context, tx pgx.Tx, u store.User, e store.Event) error {
	if err := dropTokens(ctx, tx, u.ID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, dropLinks, u.ID, e.At)
	return err
}
