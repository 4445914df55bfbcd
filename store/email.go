package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Emails is the part of [Store] about the addresses of users, and about the one-time tokens that
// are mailed.
//
// Only a verified address is unique. One that is not verified signs nobody in and reserves nothing.
//
// A one-time token is good once, until it expires, and only while the pair of generations and the
// instant of the latest password change are as they were when it was issued. So a revocation, a new
// password and a disabled user make it useless. The methods that change a password or an address
// also delete the user's other tokens.
type Emails interface {
	// UserByEmail returns the user who has verified this folded address, or [ErrNotFound].
	UserByEmail(ctx context.Context, folded string) (User, error)

	// SetEmail sets a user's address on an operator's word; a zero a removes it. It deletes the
	// user's tokens, and queues notice to the address that was verified before, if that changes. A
	// verification of a.Address is a request of its own. [ErrNotFound] when there is no such user,
	// [ErrConflict] when a.Verified and another user has verified the address.
	SetEmail(ctx context.Context, id uuid.UUID, a Address, notice *NewMail, e Event) (User, error)

	// RequestReset queues a mail with a one-time token to the verified address of the user with
	// this identifier, within the limits. A waiting mail of the same kind to the user is replaced.
	// It writes e, with the user's id if it found one and the decision as reason. The statements
	// are the same for every identifier and every decision.
	RequestReset(ctx context.Context, r ResetRequest, e Event) (MailDecision, error)

	// RequestVerification queues a mail with a one-time token to r.Address, within the limits, for
	// the user r.UserID. When another user has verified the address, the mail goes to that one
	// instead: it has the kind [MailAddressInUse] and no token. The user who asks cannot tell: the
	// decision, the limits, PendingEmail and the statements are the same as for a free address.
	//
	// If the user has no verified address, r.Address becomes the unverified one, unless the decision
	// is MailOverUser or MailOverAll. A waiting mail of the same kind that the user asked for is
	// replaced. If the user has another verified address, that gets r.Notice, nil for none. It
	// writes e with the decision as reason. MailNobody when there is no such user, or the user is
	// disabled. [ErrConflict], and nothing is changed, when r.PasswordHash is set and no longer the
	// user's.
	RequestVerification(ctx context.Context, r VerificationRequest, e Event) (MailDecision, error)

	// PendingEmail returns the address that a user still has to verify: that of the newest live
	// token, or else the unverified one of the account. [ErrNotFound] when there is none.
	PendingEmail(ctx context.Context, id uuid.UUID, now time.Time) (Address, error)

	// IssueReset issues a one-time token for a reset that an operator hands over: nothing is
	// mailed. It deletes the user's other tokens for a reset. [ErrNotFound] when there is no such
	// user.
	IssueReset(ctx context.Context, id uuid.UUID, tokenID uuid.UUID, t NewMailToken, e Event) (User, error)

	// MailToken returns a token that is good at now by its hash, with its user's credentials.
	// [ErrNotFound] for every token that is not: unknown, used, expired, or dead.
	MailToken(ctx context.Context, hash string, now time.Time) (MailToken, error)

	// ResetPassword uses up a token for a reset and sets the password, as SetPassword does. It
	// reports false, and changes nothing, when the token is not good at e.At. It queues notice, and
	// writes e with the user's id.
	ResetPassword(ctx context.Context, tokenHash, passwordHash string, notice *NewMail, e Event) (User, bool, error)

	// VerifyEmail uses up a token for a verification: its address becomes the user's verified
	// address. The user's other tokens for the same address are used up too. Those for other
	// addresses are deleted. When the address replaces another verified one, tokens for a reset are
	// deleted too, and the old address gets notice. Sessions live on. It writes e with the user's
	// id, and nothing when nothing changed.
	VerifyEmail(ctx context.Context, tokenHash string, notice *NewMail, e Event) (Verification, error)

	// ChangePassword sets a user's password and ends the user's sessions, except the one that asks,
	// which gets a new refresh token. It reports false, and changes nothing, when the password hash
	// is no longer c.PasswordHash, the generation is no longer c.Generation, the user or its
	// password is disabled, or the session is not alive. It resets what StartSession resets of
	// c.Attempt, deletes the user's one-time tokens, and queues c.Notice. generation is the user's
	// new one, which the session has too.
	//
	// The refresh token that is replaced has no retry window, because somebody may have stolen it:
	// presenting it is a reuse.
	//
	// It writes e with the ids of the user and the session, and [ActionOthersRevoked] with the same.
	ChangePassword(ctx context.Context, c PasswordChange, e Event) (generation int64, changed bool, err error)

	// RenameUser gives a user another name. The old one is recorded as released at e.At, as by
	// DeleteUser, if its folded form changes. It raises the user's generation, because access
	// tokens carry the name, and so ends the user's sessions. [ErrNotFound] when there is no such
	// user, [ErrConflict] when another user has the name.
	RenameUser(ctx context.Context, id uuid.UUID, username, folded string, e Event) (User, error)

	// DeleteOldMailTokens deletes up to limit tokens that expired before an instant, and returns
	// how many it deleted.
	DeleteOldMailTokens(ctx context.Context, before time.Time, limit int) (int, error)
}

// Address is an e-mail address of a user.
type Address struct {
	Text     string // as it is sent and shown, its domain in A-labels (RFC 5890, section 2.3.2.1); "" for none
	Folded   string // the same in lower case, by which it is compared
	Verified bool
}

// ResetRequest is the input of [Store.RequestReset].
type ResetRequest struct {
	Email    string // folded; looked up first, among verified addresses; "" for an identifier that is none
	Username string // folded; "" for one that nobody can have
	Mail     NewMail
	Token    NewMailToken
	Limits   MailLimits
}

// VerificationRequest is the input of [Store.RequestVerification].
type VerificationRequest struct {
	UserID  uuid.UUID
	Address Address
	Mail    NewMail
	Token   NewMailToken
	Limits  MailLimits
	Notice  *NewMail // to the verified address that the user has; nil for none

	PasswordHash string // the stored hash that the owner's password was verified against; "" when none was
}

// MailPurpose is what a one-time token is good for.
type MailPurpose string

// The purposes.
const (
	PurposeReset  MailPurpose = "reset"
	PurposeVerify MailPurpose = "verify"
)

// MailToken is a one-time token that is good.
type MailToken struct {
	Purpose     MailPurpose
	Credentials Credentials // of its user
	Address     string      // that it verifies; "" for a reset
	ExpiresAt   time.Time
}

// Verification is the result of [Store.VerifyEmail].
type Verification struct {
	Outcome VerifyOutcome
	User    User // zero for VerifyDead
}

// VerifyOutcome is what became of a token for a verification.
type VerifyOutcome int

// The outcomes.
const (
	Verified        VerifyOutcome = iota
	VerifiedAlready               // the token was used up, and the user still has the address; nothing changed
	VerifyTaken                   // another user has verified the address meanwhile; nothing changed
	VerifyDead                    // the token is unknown, used, expired or dead; nothing changed
)

// PasswordChange is the input of [Store.ChangePassword].
type PasswordChange struct {
	UserID       uuid.UUID
	PasswordHash string     // the stored hash that the current password was verified against
	Hash         string     // of the new password
	Generation   Generation // the pair that was read with the credentials
	Attempt      *Attempt   // the attempt that succeeded; nil when it was not counted
	SessionID    uuid.UUID  // the session that asks
	TokenHash    string     // hex SHA-256 of its next refresh token
	Step         int64      // of that token
	ExpiresAt    time.Time  // of that token, idle; the row's absolute expiry stays and bounds it
	Notice       *NewMail
}
