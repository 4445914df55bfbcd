package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// outboxColumns is a mail o with its one-time token m.
const outboxColumns = `o.id, o.kind, o.state, o.user_id, o.username, o.recipient, o.detail, o.locale, o.message_id, o.created_at,
    o.remote_addr, o.user_agent, o.expires_at, o.next_at, o.tries, o.lease, o.leased_until, o.class, o.code, o.enhanced, o.ended_at,
    COALESCE(m.token_hash, ''), m.expires_at`

// scanMail scans outboxColumns and further columns after them.
func scanMail(rows *sql.Rows, more ...any) (m store.Mail, err error) {
	var user, lease uuid.NullUUID
	var created, expires, next int64
	var leased, ended, token sql.NullInt64
	err = rows.Scan(append([]any{&m.ID, &m.Kind, &m.State, &user, &m.Username, &m.Recipient, &m.Detail, &m.Locale, &m.MessageID, &created,
		&m.RemoteAddr, &m.UserAgent, &expires, &next, &m.Tries, &lease, &leased, &m.Class, &m.Code, &m.Enhanced, &ended,
		&m.TokenHash, &token}, more...)...)
	m.UserID, m.Lease = user.UUID, lease.UUID
	m.CreatedAt, m.ExpiresAt, m.NextAt = instant(created), instant(expires), instant(next)
	m.LeasedTill, m.EndedAt, m.TokenUntil = utc(leased), utc(ended), utc(token)
	return m, err
}

// withLink is the condition under which a mail has a link.
const withLink = `kind IN ('` + string(store.MailVerify) + `', '` + string(store.MailReset) + `')`

// notice is the condition under which nobody asked for a mail; see [store.MailKind.Requested]. Indexes
// have it.
const notice = `kind NOT IN ('` + string(store.MailVerify) + `', '` + string(store.MailReset) + `', '` + string(store.MailAddressInUse) + `')`

// linkDead is the condition under which a mail o has a link whose token is no longer good at ?1.
const linkDead = `o.` + withLink + ` AND NOT EXISTS (
        SELECT 1 FROM mail_tokens m JOIN users ON users.id = m.user_id, installation i WHERE m.id = o.id AND ` + tokenGood + `)`

// mailDue is the condition under which a mail o may be claimed at ?1.
const mailDue = `o.state = 'waiting' AND o.next_at <= ?1 AND (o.leased_until IS NULL OR o.leased_until <= ?1)`

const (
	anyMailDue = `SELECT EXISTS (SELECT 1 FROM outbox o INDEXED BY outbox_next_at_idx WHERE ` + mailDue + `)`

	// countHour counts what uses up the limit of an hour, and the notices of it: ?1 is now, ?2 an hour ago.
	countHour = `
SELECT count(*), count(*) FILTER (WHERE ` + notice + `)
FROM (
    SELECT kind FROM outbox INDEXED BY outbox_ended_at_idx WHERE state = 'sent' AND ended_at > ?2
    UNION ALL
    SELECT kind FROM outbox WHERE leased_until > ?1
)`

	selectRequested = `
SELECT ` + outboxColumns + `, o.expires_at <= ?1 OR ` + linkDead + `
FROM outbox o INDEXED BY outbox_due_idx LEFT JOIN mail_tokens m ON m.id = o.id
WHERE ` + mailDue + ` AND (o.` + notice + `) = 0
ORDER BY o.next_at
LIMIT ?2`

	selectNotices = `
SELECT ` + outboxColumns + `, o.expires_at <= ?1
FROM outbox o INDEXED BY outbox_due_idx LEFT JOIN mail_tokens m ON m.id = o.id
WHERE ` + mailDue + ` AND (o.` + notice + `) = 1
ORDER BY o.next_at
LIMIT ?2`

	leaseMail = `UPDATE outbox SET lease = ?2, leased_until = ?3, tries = tries + 1 WHERE id = ?1`
)

// maxPageOfDead is the max number of dead mails that one query reads.
const maxPageOfDead = 1000

// ClaimMail implements [store.Store]. It takes the write lock only when a mail is due.
func (s *Store) ClaimMail(ctx context.Context, c store.MailClaim) (claimed []store.Mail, err error) {
	var due bool
	if err := s.reader.QueryRowContext(ctx, anyMailDue, micros(c.Now)).Scan(&due); err != nil || !due {
		return nil, translate("claim mail", err)
	}
	err = s.write(ctx, "claim mail", func(tx *sql.Tx) error {
		claimed, err = claimMail(ctx, tx, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// claimMail ends the dead mails of a page and leases the others, as many as there is room for. While
// it finds dead mails only, it reads larger pages.
func claimMail(ctx context.Context, tx *sql.Tx, c store.MailClaim) ([]store.Mail, error) {
	room, notices := c.Limit, c.Limit // for mails, and how many of them may be notices
	if c.MaxPerHour > 0 {
		var used, usedNotices int
		if err := tx.QueryRowContext(ctx, countHour, micros(c.Now), micros(c.Now.Add(-time.Hour))).Scan(&used, &usedNotices); err != nil {
			return nil, err
		}
		room = min(room, c.MaxPerHour-used)
		notices = min(room, c.MaxNotices-usedNotices)
	}
	if room <= 0 {
		return nil, nil
	}
	for page := c.Limit; ; page = max(page, min(10*page, maxPageOfDead)) {
		good, dead, err := dueMails(ctx, tx, selectRequested, c.Now, page)
		if err != nil {
			return nil, err
		}
		if left := page - len(good) - len(dead); left > 0 && notices > 0 {
			told, late, err := dueMails(ctx, tx, selectNotices, c.Now, left)
			if err != nil {
				return nil, err
			}
			good, dead = append(good, told[:min(len(told), notices)]...), append(dead, late...)
		}
		for _, m := range dead {
			if err := endMail(ctx, tx, m.ID, c.Now); err != nil {
				return nil, err
			}
		}
		if len(good) == 0 && len(dead) > 0 {
			continue
		}
		good = good[:min(len(good), room)]
		for i := range good {
			m := &good[i]
			if _, err := tx.ExecContext(ctx, leaseMail, m.ID, c.Lease, micros(c.Until)); err != nil {
				return nil, err
			}
			m.Lease, m.LeasedTill, m.Tries = c.Lease, instant(micros(c.Until)), m.Tries+1
		}
		return good, nil
	}
}

// dueMails reads a page of the mails that are due, apart by whether they may still be sent.
func dueMails(ctx context.Context, tx *sql.Tx, query string, now time.Time, page int) (good, dead []store.Mail, err error) {
	rows, err := tx.QueryContext(ctx, query, micros(now), page)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var isDead bool
		m, err := scanMail(rows, &isDead)
		if err != nil {
			return nil, nil, err
		}
		if isDead {
			dead = append(dead, m)
		} else {
			good = append(good, m)
		}
	}
	return good, dead, rows.Err()
}

const updateMail = `
UPDATE outbox SET state = ?3, next_at = COALESCE(?5, next_at), leased_until = NULL, class = ?6, code = ?7, enhanced = ?8,
    ended_at = CASE WHEN ?3 <> 'waiting' THEN ?4 END
WHERE id = ?1 AND lease = ?2 AND state = 'waiting'`

// RecordMail implements [store.Store].
func (s *Store) RecordMail(ctx context.Context, r store.MailResult) (recorded bool, err error) {
	err = s.write(ctx, "record mail", func(tx *sql.Tx) error {
		recorded, err = changesRow(tx.ExecContext(ctx, updateMail, r.ID, r.Lease, string(r.State), micros(r.At), nullTime(r.NextAt), r.Class, r.Code, r.Enhanced))
		if err != nil || !recorded || r.State == store.MailWaiting {
			return err
		}
		return forgetMail(ctx, tx, r.ID)
	})
	return recorded && err == nil, err
}

const (
	endOneMail = `UPDATE outbox SET state = 'dropped', ended_at = ?2, leased_until = NULL WHERE id = ?1`

	// deleteEnded deletes the mail of a user who was deleted.
	deleteEnded = `DELETE FROM outbox WHERE id = ?1 AND user_id IS NULL`
)

// endMail ends a mail that was not sent.
func endMail(ctx context.Context, tx *sql.Tx, id uuid.UUID, at time.Time) error {
	if _, err := tx.ExecContext(ctx, endOneMail, id, micros(at)); err != nil {
		return err
	}
	return forgetMail(ctx, tx, id)
}

// forgetMail deletes a mail that has ended if its user was deleted.
func forgetMail(ctx context.Context, tx *sql.Tx, id uuid.UUID) error {
	_, err := tx.ExecContext(ctx, deleteEnded, id)
	return err
}

const dropLinks = `
UPDATE outbox SET state = 'dropped', ended_at = ?2, leased_until = NULL
WHERE user_id = ?1 AND state = 'waiting' AND ` + withLink

// endLinks deletes a user's one-time tokens and drops the mail that waits to carry them, within a
// transaction.
func endLinks(ctx context.Context, tx *sql.Tx, u store.User, e store.Event) error {
	if err := dropTokens(ctx, tx, u.ID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, dropLinks, u.ID, micros(e.At))
	return err
}
