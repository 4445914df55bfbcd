package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

// selectMails reads a range of an index for each state, so that it needs no statistics. The range ends
// in other states, if fewer than a page have this one.
const selectMails = `
SELECT ` + outboxColumns + `
FROM unnest($1::text[]) AS wanted (state) CROSS JOIN LATERAL (
    SELECT id, kind, state, user_id, username, recipient, detail, locale, message_id, created_at, remote_addr, user_agent,
        expires_at, next_at, tries, lease, leased_until, class, code, enhanced, ended_at
    FROM outbox
    WHERE (state, created_at, id) < (wanted.state, COALESCE($2::timestamptz, 'infinity'), $3::uuid)
    ORDER BY state DESC, created_at DESC, id DESC
    LIMIT $4
) o LEFT JOIN LATERAL (` + oneToken + `) m ON TRUE
WHERE o.state = wanted.state
ORDER BY o.created_at DESC, o.id DESC
LIMIT $4`

// Mails implements [store.Store].
func (s *Store) Mails(ctx context.Context, p store.MailPage) (mails []store.Mail, next store.MailKey, err error) {
	wanted := p.States
	if wanted == nil {
		wanted = store.MailStates()
	}
	states := make([]string, len(wanted)) // as pgx encodes them without a description of the statement, too
	for i, state := range wanted {
		states[i] = string(state)
	}
	mails, err = s.mails(ctx, selectMails, states, nullTime(p.Before.CreatedAt), p.Before.ID, p.Limit)
	if err != nil {
		return nil, store.MailKey{}, translate("list mail", err)
	}
	return mails, p.Next(mails), nil
}

// How RetryMail and DropMail select mails.
const (
	oneMail    = `id = $1 AND state IN ('waiting', 'failed')`
	failedMail = `(state = 'failed' OR state = 'waiting' AND class <> '') AND $1::uuid IS NULL`
)

// auditMails writes an event for each changed mail, and counts them.
const auditMails = `
), audited AS (
    INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason)
    SELECT $2::timestamptz, $3, $4, user_id, NULL, $5, $6, $7, 'mail ' || id || CASE WHEN $8 <> '' THEN ': ' || $8 ELSE '' END FROM changed
)
SELECT count(*), max(due) FROM changed`

// $1 mail, NULL for all that failed    $2 to $8 the event: at, action, actor, address, user agent, request, reason
// $9 the new expiry
func retryMail(which string) string {
	return `
WITH picked AS (
    SELECT id FROM outbox WHERE ` + which + ` ORDER BY id FOR UPDATE
), changed AS (
    UPDATE outbox o SET
        state = 'waiting', ended_at = NULL, next_at = $2, class = '', code = 0, enhanced = '',
        expires_at = GREATEST(o.expires_at, LEAST($9::timestamptz, (SELECT m.expires_at FROM mail_tokens m WHERE m.id = o.id)))
    FROM picked
    WHERE o.id = picked.id
    RETURNING o.id, o.user_id, GREATEST(o.next_at, o.leased_until) AS due` + auditMails
}

// RetryMail implements [store.Store].
func (s *Store) RetryMail(ctx context.Context, id uuid.UUID, until time.Time, e store.Event) (n int, due time.Time, err error) {
	return s.changeMails(ctx, "retry mail", retryMail, id, e, until)
}

func dropMail(which string) string {
	return `
WITH picked AS (
    SELECT id, user_id FROM outbox WHERE ` + which + ` ORDER BY id FOR UPDATE
), gone AS (
    DELETE FROM outbox o USING picked WHERE o.id = picked.id AND picked.user_id IS NULL
), dropped AS (
    UPDATE outbox o SET state = 'dropped', ended_at = $2, leased_until = NULL
    FROM picked
    WHERE o.id = picked.id AND picked.user_id IS NOT NULL
), changed AS (
    SELECT id, user_id, NULL::timestamptz AS due FROM picked` + auditMails
}

// DropMail implements [store.Store].
func (s *Store) DropMail(ctx context.Context, id uuid.UUID, e store.Event) (int, error) {
	n, _, err := s.changeMails(ctx, "drop mail", dropMail, id, e)
	return n, err
}

// changeMails runs a statement on one mail, or on all that have failed. It returns how many that were,
// and when the last of them is due.
func (s *Store) changeMails(ctx context.Context, op string, statement func(which string) string, id uuid.UUID, e store.Event, more ...any) (n int, due time.Time, err error) {
	which := oneMail
	if id == uuid.Nil {
		which = failedMail
	}
	args := []any{nullID(id), e.At, string(e.Action), e.Actor, e.RemoteAddr, e.UserAgent, e.RequestID, e.Reason}
	var last *time.Time
	err = s.pool.QueryRow(ctx, statement(which), append(args, more...)...).Scan(&n, &last)
	return n, utc(last), translate(op, err)
}

const countOutbox = `SELECT state, count(*), min(CASE WHEN tries = 0 THEN next_at ELSE created_at END) FROM outbox GROUP BY state`

// MailStats implements [store.Store].
func (s *Store) MailStats(ctx context.Context) (store.MailStats, error) {
	stats := store.NewMailStats()
	rows, err := s.pool.Query(ctx, countOutbox)
	if err != nil {
		return stats, translate("count mail", err)
	}
	var state store.MailState
	var count int64
	var oldest time.Time
	_, err = pgx.ForEachRow(rows, []any{&state, &count, &oldest}, func() error {
		stats.Add(state, count, oldest.UTC())
		return nil
	})
	return stats, translate("count mail", err)
}

const deleteOldMail = `
DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE ended_at < $1 ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED
)`

// DeleteOldMail implements [store.Store].
func (s *Store) DeleteOldMail(ctx context.Context, before time.Time, limit int) (int, error) {
	tag, err := s.pool.Exec(ctx, deleteOldMail, before, limit)
	return int(tag.RowsAffected()), translate("delete old mail", err)
}
