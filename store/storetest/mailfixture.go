package storetest

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// reset prepares a request for a reset without limits.
func reset(email, username, token string) store.ResetRequest {
	return store.ResetRequest{Email: email, Username: username, Mail: newMail(store.MailReset, noon), Token: newToken(token)}
}

// verification prepares a request of u to verify an address, without limits and notice.
func verification(u store.User, text, token string) store.VerificationRequest {
	return store.VerificationRequest{UserID: u.ID, Address: unverified(text), Mail: newMail(store.MailVerify, noon), Token: newToken(token)}
}

func (f *fixture) asksReset(r store.ResetRequest, at time.Time) store.MailDecision {
	f.Helper()
	decision, err := f.store.RequestReset(f.ctx, r, event(store.ActionResetRequested, at))
	f.ok("request reset", err)
	return decision
}

func (f *fixture) asks(r store.VerificationRequest, at time.Time) store.MailDecision {
	f.Helper()
	decision, err := f.store.RequestVerification(f.ctx, r, about(event(store.ActionVerifyRequested, at), r.UserID, uuid.Nil))
	f.ok("request verification", err)
	return decision
}

func (f *fixture) emptyOutbox() {
	f.Helper()
	_, err := f.db.ExecContext(f.ctx, `DELETE FROM outbox`)
	f.ok("empty outbox", err)
}

// newMail prepares a mail.
func newMail(kind store.MailKind, at time.Time) store.NewMail {
	id := uuid.New()
	return store.NewMail{ID: id, Kind: kind, Locale: "de-CH,de", MessageID: id.String() + "@auth.example.com", ExpiresAt: at.Add(20 * time.Minute)}
}

// newToken prepares a one-time token for a name.
func newToken(name string) store.NewMailToken {
	return store.NewMailToken{Hash: hashOf(name), ExpiresAt: noon.Add(tokenLife)}
}

// queuedMail is a row of the outbox, and the user who has asked for it.
type queuedMail struct {
	store.NewMail
	State           store.MailState
	UserID, AskedBy uuid.UUID
	Username        string
	Recipient       string
	Detail          string
	CreatedAt       time.Time
	Remote, Agent   string
	RecipientHash   string
	NextAt          time.Time
	Tries           int
	EndedAt         time.Time
}

// notification returns a notice about u as the outbox has it.
func notification(m store.NewMail, u store.User, recipient, detail string) queuedMail {
	return queuedMail{
		NewMail: m, State: store.MailWaiting, UserID: u.ID, Username: u.Username, Recipient: recipient,
		Detail: detail, CreatedAt: noon, Remote: "192.0.2.1", Agent: "agent/1", NextAt: noon,
	}
}

// askedFor returns a mail to u that u has asked for.
func askedFor(m store.NewMail, u store.User, recipient string) queuedMail {
	q := notification(m, u, recipient, "")
	q.AskedBy, q.RecipientHash = u.ID, store.MailRecipient(strings.ToLower(recipient))
	return q
}

// outboxHas checks the outbox, oldest first, directly from the table, and empties it.
func (f *fixture) outboxHas(what string, want ...queuedMail) {
	f.Helper()
	got := f.mails()
	f.emptyOutbox()
	equal(f, what+": outbox", got, want)
}

func (f *fixture) mails() (mails []queuedMail) {
	f.Helper()
	rows, err := f.db.QueryContext(f.ctx, `
SELECT CAST(id AS TEXT), kind, locale, message_id, expires_at, state, COALESCE(CAST(user_id AS TEXT), ''), COALESCE(CAST(asked_by AS TEXT), ''),
    username, recipient, recipient_hash, detail, created_at, remote_addr, user_agent, next_at, tries, ended_at
FROM outbox
ORDER BY created_at, CASE WHEN asked_by IS NULL THEN 1 ELSE 0 END, state`)
	f.ok("read outbox", err)
	defer rows.Close()
	for rows.Next() {
		var q queuedMail
		var id, user, asked string
		var expires, created, next, ended any
		f.ok("scan mail", rows.Scan(&id, &q.Kind, &q.Locale, &q.MessageID, &expires, &q.State, &user, &asked, &q.Username, &q.Recipient, &q.RecipientHash,
			&q.Detail, &created, &q.Remote, &q.Agent, &next, &q.Tries, &ended))
		q.ID, q.UserID, q.AskedBy = f.id(id), f.id(user), f.id(asked)
		q.ExpiresAt, q.CreatedAt, q.NextAt = f.instant(expires), f.instant(created), f.instant(next)
		if ended != nil {
			q.EndedAt = f.instant(ended)
		}
		mails = append(mails, q)
	}
	f.ok("read outbox", rows.Err())
	return mails
}

// count returns the number of rows of a table.
func (f *fixture) count(table string) (n int) {
	f.Helper()
	f.ok("count "+table, f.db.QueryRowContext(f.ctx, `SELECT count(*) FROM `+table).Scan(&n))
	return n
}

// issue issues a token for a reset.
func (f *fixture) issue(u store.User, token string) {
	f.Helper()
	_, err := f.store.IssueReset(f.ctx, u.ID, uuid.New(), newToken(token), about(event(store.ActionResetIssued, noon), u.ID, uuid.Nil))
	f.ok("issue reset", err)
	f.good(token, store.PurposeReset)
}

// good checks that a token is good at noon.
func (f *fixture) good(token string, purpose store.MailPurpose) {
	f.Helper()
	t, err := f.store.MailToken(f.ctx, hashOf(token), noon)
	f.ok("read token "+token, err)
	equal(f, "purpose of "+token, t.Purpose, purpose)
}

// dead checks that a token is good for nothing at noon.
func (f *fixture) dead(token string) {
	f.Helper()
	f.deadAt(token, noon)
}

func (f *fixture) deadAt(token string, at time.Time) {
	f.Helper()
	_, err := f.store.MailToken(f.ctx, hashOf(token), at)
	f.is("read "+token, err, store.ErrNotFound)
	f.writes("use "+token, func() {
		_, reset, err := f.store.ResetPassword(f.ctx, hashOf(token), "$argon2id$stolen", nil, event(store.ActionPasswordReset, at))
		f.ok("reset", err)
		equal(f, token+" resets", reset, false)
		v, err := f.store.VerifyEmail(f.ctx, hashOf(token), nil, event(store.ActionEmailVerified, at))
		f.ok("verify", err)
		equal(f, token+" verifies", v, store.Verification{Outcome: store.VerifyDead})
	})
}
