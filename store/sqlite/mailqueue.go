package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// mailColumns is the columns of a mail that is queued. The others have defaults.
const mailColumns = `id, kind, state, user_id, asked_by, username, recipient, recipient_hash, detail, locale, message_id,
    created_at, remote_addr, user_agent, expires_at, next_at`

// noticeDue is when a notice is due that is queued at ?11: of a user's notices of one kind no more than
// ?15 become due in an hour.
const noticeDue = `MAX(?11, COALESCE((
    SELECT n.next_at + 3600000000 FROM outbox n
    WHERE n.user_id = ?3 AND n.kind = ?2 AND ?15 > 0
    ORDER BY n.next_at DESC
    LIMIT 1 OFFSET MAX(?15 - 1, 0)), 0))`

// insertMail inserts nothing when the recipient is empty.
//
//	?1 to ?4 id, kind, user, who asked    ?5 to ?8 username, recipient, its hash, detail
//	?9, ?10 locale, message id    ?11 the instant    ?12, ?13 address and user agent of the client    ?14 expiry
//	?15 max notices of the kind in an hour, 0 for no limit
const insertMail = `
INSERT INTO outbox (` + mailColumns + `)
SELECT ?1, ?2, 'waiting', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ` + noticeDue + `
WHERE ?6 <> ''`

// recipient is who a mail goes to.
type recipient struct {
	userID   uuid.UUID // zero for a user who is deleted
	username string
	address  string    // "" for nobody: then nothing is queued
	locale   string    // the user's languages; "" for those of the mail
	detail   string    // see [store.Mail]
	askedBy  uuid.UUID // the user whose limit counts the mail; zero for a notice
}

// ownerOf returns a user at the verified address, which is "" for a user who has none.
func ownerOf(u store.User) recipient {
	to := recipient{userID: u.ID, username: u.Username, locale: u.Locale}
	if u.EmailVerified() {
		to.address = u.Email
	}
	return to
}

// queueMail puts a mail into the outbox, within a transaction. It takes the same statement whether
// or not the recipient has an address. m is nil for no mail.
func queueMail(ctx context.Context, tx *sql.Tx, m *store.NewMail, to recipient, e store.Event) error {
	if m == nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, insertMail, mailArgs(*m, to, e)...)
	return err
}

// mailArgs returns a mail in the order of insertMail.
func mailArgs(m store.NewMail, to recipient, e store.Event) []any {
	locale, hash := to.locale, ""
	if locale == "" {
		locale = m.Locale
	}
	if to.askedBy != uuid.Nil {
		hash = store.MailRecipient(foldAddress(to.address))
	}
	return []any{m.ID, string(m.Kind), nullID(to.userID), nullID(to.askedBy), to.username, to.address, hash, to.detail,
		locale, m.MessageID, micros(e.At), e.RemoteAddr, e.UserAgent, micros(m.ExpiresAt), m.PerHour}
}

const (
	deleteNotices = `DELETE FROM outbox WHERE user_id = ?1 AND asked_by IS NULL`
	clearMails    = `
UPDATE outbox SET user_id = NULL, username = '', recipient = '', locale = '', remote_addr = '', user_agent = '', leased_until = NULL,
    state = CASE WHEN state IN ('waiting', 'failed') THEN 'dropped' ELSE state END, ended_at = COALESCE(ended_at, ?2)
WHERE user_id = ?1`
)

// emptyMail removes the mail of a user who is deleted, within a transaction. Of a mail that somebody
// asked for it leaves what the limits need: otherwise, whoever registers with somebody's address and
// deletes the account could do so again and again.
func emptyMail(ctx context.Context, tx *sql.Tx, u store.User, e store.Event) error {
	if _, err := tx.ExecContext(ctx, deleteNotices, u.ID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, clearMails, u.ID, micros(e.At))
	return err
}

// foldAddress returns the folded form of a stored address, which is ASCII.
func foldAddress(address string) string { return strings.ToLower(address) }
