package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

// lockNamed locks the user with a verified address or else with a username.
const lockNamed = `
SELECT ` + userColumns + ` FROM users u
WHERE u.id = COALESCE(
    (SELECT id FROM users WHERE email_folded = $1 AND email_verified_at IS NOT NULL),
    (SELECT id FROM users WHERE username_folded = $2))
FOR NO KEY UPDATE OF u`

// RequestReset implements [store.Store].
func (s *Store) RequestReset(ctx context.Context, r store.ResetRequest, e store.Event) (decision store.MailDecision, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		u, err := maybeUser(tx.QueryRow(ctx, lockNamed, r.Email, r.Username))
		if err != nil {
			return err
		}
		e.UserID = u.ID
		to := ownerOf(u)
		if to.askedBy = u.ID; u.Disabled() {
			to = recipient{}
		}
		if decision, err = decideMail(ctx, tx, r.Limits, r.Mail.Kind, to); err != nil {
			return err
		}
		if decision != store.MailQueued {
			to = recipient{}
		}
		if err := replaceMail(ctx, tx, to.askedBy, e, store.MailReset, store.MailReset); err != nil {
			return err
		}
		if err := queueMail(ctx, tx, &r.Mail, to, e); err != nil {
			return err
		}
		if err := issueToken(ctx, tx, issued{id: r.Mail.ID, purpose: store.PurposeReset, userID: to.userID, token: r.Token}, e); err != nil {
			return err
		}
		e.Reason = decision.String()
		return record(ctx, tx, e)
	})
	return decision, translate("request reset", err)
}

const lockUnchanged = `SELECT 1 FROM users WHERE id = $1 AND password_hash = $2 FOR NO KEY UPDATE`

// RequestVerification implements [store.Store].
func (s *Store) RequestVerification(ctx context.Context, r store.VerificationRequest, e store.Event) (decision store.MailDecision, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if r.PasswordHash != "" {
			tag, err := tx.Exec(ctx, lockUnchanged, r.UserID, r.PasswordHash)
			if err != nil {
				return err
			}
			if tag.RowsAffected() == 0 {
				return fmt.Errorf("the password hash has changed: %w", store.ErrConflict)
			}
		}
		if decision, err = requestVerification(ctx, tx, r, e); err != nil {
			return err
		}
		e.Reason = decision.String()
		return record(ctx, tx, e)
	})
	return decision, translate("request verification", err)
}

// lockOwner locks the user who has verified an address against deletion, unless it is a certain one.
const lockOwner = `
SELECT ` + userColumns + ` FROM users u
WHERE u.email_folded = $1 AND u.email_verified_at IS NOT NULL AND u.id <> $2
FOR KEY SHARE OF u`

// rememberEmail changes nothing when the user is NULL.
const rememberEmail = `UPDATE users SET email = $2, email_folded = $3 WHERE id = $1 AND email_verified_at IS NULL`

// requestVerification is RequestVerification without its event, within a transaction. Which rows it
// writes depends on the decision and on the owner of the address; its statements do not.
func requestVerification(ctx context.Context, tx pgx.Tx, r store.VerificationRequest, e store.Event) (store.MailDecision, error) {
	asker, err := maybeUser(tx.QueryRow(ctx, lockUser, r.UserID))
	if err != nil {
		return 0, err
	}
	owner, err := maybeUser(tx.QueryRow(ctx, lockOwner, r.Address.Folded, r.UserID))
	if err != nil {
		return 0, err
	}
	if asker.Disabled() {
		asker = store.User{}
	}
	mail, token := r.Mail, issued{id: r.Mail.ID, purpose: store.PurposeVerify, userID: asker.ID, address: r.Address, token: r.Token}
	to, old := recipient{userID: asker.ID, username: asker.Username, address: r.Address.Text, locale: asker.Locale}, ownerOf(asker)
	old.detail = r.Address.Text
	if owner.ID != uuid.Nil {
		mail.Kind, to = store.MailAddressInUse, ownerOf(owner)
		token.id = uuid.New() // nobody is mailed this token, which must look issued to the asker
	}
	to.askedBy = asker.ID
	decision, err := decideMail(ctx, tx, r.Limits, mail.Kind, to)
	if err != nil {
		return 0, err
	}
	remembered := asker.ID
	if decision != store.MailQueued && decision != store.MailOverRecipient {
		remembered = uuid.Nil
	}
	if decision != store.MailQueued {
		to, old, token.userID = recipient{}, recipient{}, uuid.Nil
	}
	if foldAddress(old.address) == r.Address.Folded {
		old = recipient{}
	}
	if _, err := tx.Exec(ctx, rememberEmail, nullID(remembered), r.Address.Text, r.Address.Folded); err != nil {
		return 0, err
	}
	if err := replaceMail(ctx, tx, to.askedBy, e, store.MailVerify, store.MailAddressInUse); err != nil {
		return 0, err
	}
	if err := queueMail(ctx, tx, &mail, to, e); err != nil {
		return 0, err
	}
	if err := queueMail(ctx, tx, r.Notice, old, e); err != nil {
		return 0, err
	}
	return decision, issueToken(ctx, tx, token, e)
}

// maybeUser scans a user, who is zero when there is no row.
func maybeUser(from pgx.Row) (store.User, error) {
	var row userRow
	err := from.Scan(row.dest()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return store.User{}, nil
	}
	return row.get(), err
}

// lockRecipient lets one transaction at a time count the mail to an address. The first number is
// "mail".
const lockRecipient = `SELECT pg_advisory_xact_lock(1835100524, hashtext($1))`

// countMail counts resets to an address apart from what strangers can cause there, so that nobody can
// use up the resets of its owner. Of notices it counts those that were sent, among the mails that
// ended last.
const countMail = `
SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE (` + notice + `, created_at) BETWEEN (FALSE, $1) AND (FALSE, 'infinity')
        ORDER BY ` + notice + `, created_at LIMIT $2) AS everybody)
    + (SELECT count(*) FILTER (WHERE state = 'sent' AND ` + notice + `)
        FROM (SELECT state, kind FROM outbox WHERE ended_at >= $1 ORDER BY ended_at DESC LIMIT $2) AS ended),
    (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE asked_by = $3 AND created_at >= $1 ORDER BY created_at LIMIT $4) AS own),
    (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE recipient_hash = $5 AND asked_by IS NOT NULL AND created_at >= $1
        AND (kind = 'reset') = ($7 = 'reset') ORDER BY created_at LIMIT $6) AS recipients)`

// decideMail decides about a request for mail, within a transaction that has locked the user who
// asks. A request of nobody, or to no address, takes the same statements.
func decideMail(ctx context.Context, tx pgx.Tx, l store.MailLimits, kind store.MailKind, to recipient) (store.MailDecision, error) {
	c := store.MailCounts{Nobody: to.askedBy == uuid.Nil || to.address == ""}
	if _, err := tx.Exec(ctx, lockRecipient, foldAddress(to.address)); err != nil {
		return 0, err
	}
	err := tx.QueryRow(ctx, countMail, l.Since, l.All, nullID(to.askedBy), l.PerUser, store.MailRecipient(foldAddress(to.address)), l.PerRecipient, string(kind)).
		Scan(&c.All, &c.User, &c.Recipient)
	return l.Decide(c), err
}

// endReplacedMail changes nothing when the user is NULL.
const endReplacedMail = `
UPDATE outbox SET state = 'replaced', ended_at = $1
WHERE asked_by = $2 AND kind IN ($3, $4) AND state = 'waiting'`

// replaceMail ends the waiting mails of two kinds that a user has asked for.
func replaceMail(ctx context.Context, tx pgx.Tx, askedBy uuid.UUID, e store.Event, kind, other store.MailKind) error {
	_, err := tx.Exec(ctx, endReplacedMail, e.At, nullID(askedBy), string(kind), string(other))
	return err
}
