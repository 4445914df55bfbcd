package sqlite

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// selectMails reads the newest mails of one state by an index.
const selectMails = `
SELECT ` + outboxColumns + `
FROM outbox o LEFT JOIN mail_tokens m ON m.id = o.id
WHERE o.state = ?1 AND (o.created_at, o.id) < (?2, ?3)
ORDER BY o.created_at DESC, o.id DESC
LIMIT ?4`

// Mails implements [store.Store].
func (s *Store) Mails(ctx context.Context, p store.MailPage) (mails []store.Mail, next store.MailKey, err error) {
	states := p.States
	if states == nil {
		states = store.MailStates()
	}
	before := int64(math.MaxInt64)
	if !p.Before.CreatedAt.IsZero() {
		before = micros(p.Before.CreatedAt)
	}
	for _, state := range states {
		rows, err := s.reader.QueryContext(ctx, selectMails, string(state), before, p.Before.ID, p.Limit)
		if err == nil {
			mails, err = scanMails(rows, mails)
		}
		if err != nil {
			return nil, store.MailKey{}, translate("list mail", err)
		}
	}
	slices.SortFunc(mails, func(a, b store.Mail) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return slices.Compare(b.ID[:], a.ID[:])
	})
	mails = mails[:min(len(mails), p.Limit)]
	return mails, p.Next(mails), nil
}

// scanMails appends the mails of rows to list.
func scanMails(rows *sql.Rows, list []store.Mail) ([]store.Mail, error) {
	defer rows.Close()
	for rows.Next() {
		m, err := scanMail(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

// How RetryMail and DropMail select mails.
const (
	oneMail    = `o.id = ?1 AND o.state IN ('waiting', 'failed')`
	failedMail = `?1 IS NULL AND (o.state = 'failed' OR o.state = 'waiting' AND o.class <> '')`
)

// They read what RetryMail and DropMail change, in the order of the ids.
const (
	selectMail       = `SELECT ` + outboxColumns + ` FROM outbox o LEFT JOIN mail_tokens m ON m.id = o.id WHERE ` + oneMail
	selectFailedMail = `SELECT ` + outboxColumns + ` FROM outbox o LEFT JOIN mail_tokens m ON m.id = o.id WHERE ` + failedMail + ` ORDER BY o.id`
)

const retryMail = `
UPDATE outbox SET state = 'waiting', ended_at = NULL, next_at = ?2, class = '', code = 0, enhanced = '', expires_at = MAX(expires_at, ?3)
WHERE id = ?1`

// RetryMail implements [store.Store].
func (s *Store) RetryMail(ctx context.Context, id uuid.UUID, until time.Time, e store.Event) (n int, due time.Time, err error) {
	n, err = s.changeMails(ctx, "retry mail", id, e, func(tx *sql.Tx, m store.Mail) error {
		expiry := until
		if !m.TokenUntil.IsZero() && m.TokenUntil.Before(until) {
			expiry = m.TokenUntil
		}
		for _, t := range []time.Time{instant(micros(e.At)), m.LeasedTill} {
			if t.After(due) {
				due = t
			}
		}
		_, err := tx.ExecContext(ctx, retryMail, m.ID, micros(e.At), micros(expiry))
		return err
	})
	return n, due, err
}

// DropMail implements [store.Store].
func (s *Store) DropMail(ctx context.Context, id uuid.UUID, e store.Event) (int, error) {
	return s.changeMails(ctx, "drop mail", id, e, func(tx *sql.Tx, m store.Mail) error { return endMail(ctx, tx, m.ID, e.At) })
}

// changeMails changes one mail, or all that have failed, and writes an event for each.
func (s *Store) changeMails(ctx context.Context, op string, id uuid.UUID, e store.Event, change func(*sql.Tx, store.Mail) error) (n int, err error) {
	err = s.write(ctx, op, func(tx *sql.Tx) error {
		n = 0
		query := selectMail
		if id == uuid.Nil {
			query = selectFailedMail
		}
		rows, err := tx.QueryContext(ctx, query, nullID(id))
		if err != nil {
			return err
		}
		mails, err := scanMails(rows, nil)
		if err != nil {
			return err
		}
		for _, m := range mails {
			if err := change(tx, m); err != nil {
				return err
			}
			if err := record(ctx, tx, e.OfMail(m)); err != nil {
				return err
			}
		}
		n = len(mails)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

const countOutbox = `SELECT state, count(*), min(CASE WHEN tries = 0 THEN next_at ELSE created_at END) FROM outbox GROUP BY state`

// MailStats implements [store.Store].
func (s *Store) MailStats(ctx context.Context) (store.MailStats, error) {
	stats := store.NewMailStats()
	rows, err := s.reader.QueryContext(ctx, countOutbox)
	if err != nil {
		return stats, translate("count mail", err)
	}
	defer rows.Close()
	for rows.Next() {
		var state store.MailState
		var count, oldest int64
		if err := rows.Scan(&state, &count, &oldest); err != nil {
			return stats, translate("count mail", err)
		}
		stats.Add(state, count, instant(oldest))
	}
	return stats, translate("count mail", rows.Err())
}

const deleteOldMail = `
DELETE FROM outbox
WHERE id IN (SELECT id FROM outbox WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)`

// DeleteOldMail implements [store.Store].
func (s *Store) DeleteOldMail(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, "delete old mail", deleteOldMail, micros(before), limit)
}
