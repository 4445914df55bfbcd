package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// selectNamed reads the user with a verified address or else with a username.
const selectNamed = `
SELECT ` + userColumns + ` FROM users
WHERE users.id = COALESCE(
    (SELECT id FROM users WHERE email_folded = ?1 AND email_verified_at IS NOT NULL),
    (SELECT id FROM users WHERE username_folded = ?2))`

// RequestReset implements [store.Store].
func (s *Store) RequestReset(ctx context.Context, r store.ResetRequest, e store.Event) (decision store.MailDecision, err error) {
	err = s.write(ctx, "request reset", func(tx *sql.Tx) error {
		u, err := maybeUser(tx.QueryRowContext(ctx, selectNamed, r.Email, r.Username))
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
	return decision, err
}

const selectUnchanged = `SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1 AND password_hash = ?2)`

// RequestVerification implements [store.Store].
func (s *Store) RequestVerification(ctx context.Context, r store.VerificationRequest, e store.Event) (decision store.MailDecision, err error) {
	err = s.write(ctx, "request verification", func(tx *sql.Tx) error {
		if r.PasswordHash != "" {
			var unchanged bool
			if err := tx.QueryRowContext(ctx, selectUnchanged, r.UserID, r.PasswordHash).Scan(&unchanged); err != nil {
				return err
			}
			if !unchanged {
				return fmt.Errorf("the password hash has changed: %w", store.ErrConflict)
			}
		}
		if decision, err = requestVerification(ctx, tx, r, e); err != nil {
			return err
		}
		e.Reason = decision.String()
		return record(ctx, tx, e)
	})
	return decision, err
}

// selectVerifiedOwner reads the user who has verified an address, unless it is a certain one.
const selectVerifiedOwner = `
SELECT ` + userColumns + ` FROM users
WHERE users.email_folded = ?1 AND users.email_verified_at IS NOT NULL AND users.id <> ?2`

// rememberEmail changes nothing when the user is NULL.
const rememberEmail = `UPDATE users SET email = ?2, email_folded = ?3 WHERE id = ?1 AND email_verified_at IS NULL`

// requestVerification is RequestVerification without its event, within a transaction. Which rows it
// writes depends on the decision and on the owner of the address; its statements do not.
func requestVerification(ctx context.Context, tx *sql.Tx, r store.VerificationRequest, e store.Event) (store.MailDecision, error) {
	asker, err := maybeUser(tx.QueryRowContext(ctx, selectUserByID, r.UserID))
	if err != nil {
		return 0, err
	}
	owner, err := maybeUser(tx.QueryRowContext(ctx, selectVerifiedOwner, r.Address.Folded, r.UserID))
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
	if _, err := tx.ExecContext(ctx, rememberEmail, nullID(remembered), r.Address.Text, r.Address.Folded); err != nil {
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
func maybeUser(from *sql.Row) (store.User, error) {
	var row userRow
	err := from.Scan(row.dest()...)
	if errors.Is(err, sql.ErrNoRows) {
		return store.User{}, nil
	}
	return row.get(), err
}

// countMail counts resets to an address apart from what strangers can cause there, so that nobody can
// use up the resets of its owner. Of notices it counts those that were sent, among the mails that
// ended last.
const countMail = `
SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE created_at >= ?1 AND (` + notice + `) = 0 ORDER BY created_at LIMIT ?2) AS everybody)
    + (SELECT count(*) FILTER (WHERE state = 'sent' AND ` + notice + `)
        FROM (SELECT state, kind FROM outbox INDEXED BY outbox_ended_at_idx WHERE ended_at >= ?1 ORDER BY ended_at DESC LIMIT ?2) AS ended),
    (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE asked_by = ?3 AND created_at >= ?1 ORDER BY created_at LIMIT ?4) AS own),
    (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE recipient_hash = ?5 AND asked_by IS NOT NULL AND created_at >= ?1
        AND (kind = 'reset') = (?7 = 'reset') ORDER BY created_at LIMIT ?6) AS recipients)`

// decideMail decides about a request for mail, within a transaction. A request of nobody, or to no address, takes the same statements.
func decideMail(ctx context.Context, tx *sql.Tx, l store.MailLimits, kind store.MailKind, to recipient) (store.MailDecision, error) {
	c := store.MailCounts{Nobody: to.askedBy == uuid.Nil || to.address == ""}
	err := tx.QueryRowContext(ctx, countMail, micros(l.Since), l.All, nullID(to.askedBy), l.PerUser, store.MailRecipient(foldAddress(to.address)), l.PerRecipient, string(kind)).
		Scan(&c.All, &c.User, &c.Recipient)
	return l.Decide(c), err
}

// endReplacedMail changes nothing when the user is NULL.
const endReplacedMail = `
UPDATE outbox SET state = 'replaced', ended_at = ?1
WHERE asked_by = ?2 AND kind IN (?3, ?4) AND state = 'waiting'`

// replaceMail ends the waiting mails of two kinds that a user has asked for.
func replaceMail(ctx context.Context, tx *sql.Tx, askedBy uuid.UUID, e store.Event, kind, other store.MailKind) error {
	_, err := tx.ExecContext(ctx, endReplacedMail, micros(e.At), nullID(askedBy), string(kind), string(other))
	return err
}
