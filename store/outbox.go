package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Outbox is the part of [Store] about mail that is to be sent. Rows are put there by the changes
// that cause them, in their transactions; see [NewMail]. A server claims a row with a lease, sends
// the mail, and records the result. When it dies in between, another server claims the row after
// the lease has ended, and the mail may arrive twice, with the same Message-ID and the same link.
type Outbox interface {
	// ClaimMail leases up to c.Limit waiting mails that are due at c.Now to the caller until c.Until,
	// counts a try for each, and returns them: first those that somebody asked for (see
	// [MailKind.Requested]), then notices, and of each those due longest first. No two callers get
	// the same mail. It claims no more than c.MaxPerHour, minus the mails that were sent within the
	// hour before c.Now and those that are leased, and no more notices than c.MaxNotices, minus such
	// notices; claims at the same moment do not see each other. A mail that expires at or before
	// c.Now, and one whose token is no longer good, is ended as [MailDropped] instead. It takes one
	// statement when nothing is due.
	ClaimMail(ctx context.Context, c MailClaim) ([]Mail, error)

	// RecordMail records the result of a try, unless the lease has passed to another caller or an
	// operator has ended the mail; then it reports false. A mail that is not ended waits until
	// r.NextAt. The row of a user who was deleted is deleted when the mail ends, here and in the
	// other methods.
	RecordMail(ctx context.Context, r MailResult) (recorded bool, err error)

	// Mails returns one page of the outbox, newest first, and the key to continue before, which is
	// zero when no mail is left.
	Mails(ctx context.Context, p MailPage) (mails []Mail, next MailKey, err error)

	// RetryMail makes a mail that waits or has failed due at e.At, with its expiry extended to
	// until, or to the expiry of its token if that is earlier. It never shortens the expiry, and it
	// forgets why the latest try did not succeed. uuid.Nil retries all that have failed, and all
	// that wait because their latest try did not succeed. It writes e for each, with the ids of its user and of
	// the mail ([Event.OfMail]), and returns how many it changed, and from when on all of them may be
	// claimed: at e.At, or at the end of the last lease. due is zero when it changed none.
	RetryMail(ctx context.Context, id uuid.UUID, until time.Time, e Event) (n int, due time.Time, err error)

	// DropMail ends a mail that waits or has failed. uuid.Nil drops those that it retries. It writes
	// e for each as RetryMail does, and returns how many it changed.
	DropMail(ctx context.Context, id uuid.UUID, e Event) (int, error)

	// MailStats returns how much mail is in the outbox in each state.
	MailStats(ctx context.Context) (MailStats, error)

	// DeleteOldMail deletes up to limit mails that ended before an instant, and returns how many
	// it deleted.
	DeleteOldMail(ctx context.Context, before time.Time, limit int) (int, error)
}

// MailState is where a mail is in its life.
type MailState string

// The states. Only a waiting mail may still be sent.
const (
	MailWaiting  MailState = "waiting"
	MailSent     MailState = "sent"
	MailFailed   MailState = "failed"   // the address is wrong: no try would help
	MailDropped  MailState = "dropped"  // it expired, its token died, or an operator ended it
	MailReplaced MailState = "replaced" // a newer request of the same kind took its place
)

// MailStates returns every state.
func MailStates() []MailState {
	return []MailState{MailWaiting, MailSent, MailFailed, MailDropped, MailReplaced}
}

// Mail is one row of the outbox.
type Mail struct {
	ID         uuid.UUID
	Kind       MailKind
	State      MailState
	UserID     uuid.UUID // zero once the user was deleted
	Username   string    // when it was queued
	Recipient  string
	Detail     string // the new address, for a notice of a change of address; else ""
	Locale     string // languages that the reader accepts, best first; "" when unknown
	MessageID  string
	CreatedAt  time.Time // also the Date of the message
	RemoteAddr string    // of the client whose request caused it
	UserAgent  string
	ExpiresAt  time.Time
	NextAt     time.Time // when the next try is due
	Tries      int       // begun so far
	Lease      uuid.UUID // of the latest claim; zero for none
	LeasedTill time.Time // zero for no lease
	Class      string    // why the latest try did not succeed; "" when there was none or it did
	Code       int       // SMTP reply code of the latest try; 0 for none
	Enhanced   string    // enhanced status code (RFC 3463), such as "4.7.1"; "" for none
	EndedAt    time.Time // zero while it waits
	TokenHash  string    // of its one-time token; "" for a mail without a link
	TokenUntil time.Time // when the token expires; zero for a mail without a link
}

// MailClaim is the input of [Store.ClaimMail].
type MailClaim struct {
	Lease      uuid.UUID // identifies the claim
	Now        time.Time
	Until      time.Time // when the lease ends
	Limit      int       // at least 1
	MaxPerHour int       // 0 for no limit
	MaxNotices int       // how many of MaxPerHour may be notices, at least 1; without a limit it has no meaning
}

// MailResult is the result of one try to send a mail.
type MailResult struct {
	ID       uuid.UUID
	Lease    uuid.UUID // of the claim
	At       time.Time
	State    MailState // MailWaiting for another try
	NextAt   time.Time // of that try
	Class    string
	Code     int
	Enhanced string
}

// MailKey is a position in the outbox, newest first.
type MailKey struct {
	CreatedAt time.Time
	ID        uuid.UUID
}

// MailPage selects a page of the outbox.
type MailPage struct {
	States []MailState // only these; nil for all
	Before MailKey     // only older mails than this; zero for the newest
	Limit  int         // max mails to return, at least 1
}

// Next returns the key to continue after mails, which Mails has returned for p.
func (p MailPage) Next(mails []Mail) MailKey {
	if len(mails) < p.Limit || len(mails) == 0 {
		return MailKey{}
	}
	last := mails[len(mails)-1]
	return MailKey{CreatedAt: last.CreatedAt, ID: last.ID}
}

// MailStats is the state of the outbox.
type MailStats struct {
	Count  map[MailState]int64 // of every state
	Oldest time.Time           // when the oldest waiting mail was queued, or is due if it was not tried yet; zero when none waits
}

// NewMailStats returns the state of an empty outbox.
func NewMailStats() MailStats {
	s := MailStats{Count: map[MailState]int64{}}
	for _, state := range MailStates() {
		s.Count[state] = 0
	}
	return s
}

// Add records how many mails are in a state, and since when the oldest of them waits.
func (s *MailStats) Add(state MailState, count int64, oldest time.Time) {
	s.Count[state] = count
	if state == MailWaiting {
		s.Oldest = oldest
	}
}
