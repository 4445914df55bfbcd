package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Users is the part of [Store] about accounts.
type Users interface {
	// CreateUser adds a user. It returns [ErrConflict] when the folded username or the id is taken.
	// It also returns it when u.NotReleasedAfter is set and a user with this name was deleted after
	// that instant, and when u.Email.Verified and another user has verified the address
	// ([ErrEmailTaken], which is [ErrConflict] too). The cost is the same in all cases, and for an
	// unverified address that is free or another user's.
	CreateUser(ctx context.Context, u NewUser, e Event) (User, error)

	// ImportUsers adds users with their passwords and states in one transaction. It returns one
	// outcome for each user, in their order. No two of them may have the same id or the same folded
	// username. A user who is added gets e.At as generation, so that tokens of a deleted user with
	// the same id stay dead. ImportUsers writes e, with the user's id, for each user that it adds.
	//
	// The generation of the rights is e.At too, so that no server refuses the tokens of a user who
	// had the same id before.
	//
	// A user with a verified address is not added when another user has verified it, and only one
	// user of a batch is added with it. The others of the batch are added all the same.
	//
	// A user who already exists is left unchanged, with one exception. A user without a password
	// gets the imported hash and PasswordChangedAt, and PasswordDisabledAt unless the password was
	// disabled already. For each of those ImportUsers writes e with [ActionPasswordImported]. Their
	// generation stays the same, because nobody could sign in without a password.
	ImportUsers(ctx context.Context, users []ImportedUser, e Event) ([]ImportOutcome, error)

	// CredentialsPage returns one page of all users with their password hashes, ordered by id: the
	// first limit users whose id is greater than after.
	CredentialsPage(ctx context.Context, after uuid.UUID, limit int) ([]Credentials, error)

	// Credentials returns what a login needs about the user with this folded username: the user,
	// the password hash, and the current generation. It returns disabled users too. [ErrNotFound]
	// when there is no such user.
	Credentials(ctx context.Context, folded string) (Credentials, error)

	// CredentialsByID is Credentials for the user with this id.
	CredentialsByID(ctx context.Context, id uuid.UUID) (Credentials, error)

	// User returns the user with this folded username, or [ErrNotFound].
	User(ctx context.Context, folded string) (User, error)

	// UserByID returns the user with this id, or [ErrNotFound].
	UserByID(ctx context.Context, id uuid.UUID) (User, error)

	// Users reads one page of all users, ordered by folded username, and returns those that p
	// selects, with their credentials. next is the folded username to continue after, "" when no
	// user is left to read. A page of a search may select nobody and still have a next.
	Users(ctx context.Context, p UserPage) (users []Credentials, next string, err error)

	// HashesOtherThan returns the password hashes in a page of users that need attention: those
	// with another cost, and those that end in "=". The page is the first limit users, ordered by
	// id, after the user after; uuid.Nil starts at the first. cost is the beginning of a PHC
	// string; a hash has this cost when cost is followed by "$" or ",keyid=". next is the last user
	// in the page, uuid.Nil when the page is empty.
	HashesOtherThan(ctx context.Context, cost string, after uuid.UUID, limit int) (hashes []string, next uuid.UUID, err error)

	// SetPassword replaces a user's password hash, forgets the failed attempts as UnlockUser does,
	// and ends the user's sessions by raising the user's generation. It deletes the user's one-time
	// tokens and queues notice, nil for none. [ErrNotFound] when there is no such user.
	SetPassword(ctx context.Context, id uuid.UUID, hash string, notice *NewMail, e Event) (User, error)

	// DisableUser sets disabled_at to e.At and ends the user's sessions by raising the user's
	// generation. It deletes the user's one-time tokens and drops the mail that waits with a link.
	// A user who is disabled already keeps the earlier instant. [ErrNotFound] when there is no such
	// user.
	DisableUser(ctx context.Context, id uuid.UUID, e Event) (User, error)

	// EnableUser clears disabled_at. Sessions that ended when the user was disabled stay dead.
	// [ErrNotFound] when there is no such user.
	EnableUser(ctx context.Context, id uuid.UUID, e Event) (User, error)

	// SetRights replaces a user's roles and claims, raises the generation of the rights, and
	// publishes that, so that servers refuse the user's older access tokens until a refresh. Sessions
	// live on. r.Generation is the one that was read: [ErrConflict] when it is no longer the user's.
	// [ErrNotFound] when there is no such user.
	SetRights(ctx context.Context, id uuid.UUID, r Rights, e Event) (User, error)

	// DeleteUser removes a user, the user's sessions, attempt counters, known places, one-time
	// tokens and mail. Audit events stay, and so does an empty row for each mail that was asked for,
	// with a hash of its recipient ([MailRecipient]), so that the limits hold. The name is recorded as released at e.At, in the form of
	// [ReleasedName]. It queues d.Notice to the address that was verified, without the user's id.
	// [ErrNotFound] when there is no such user, [ErrConflict] when d.PasswordHash is set and no
	// longer the user's.
	DeleteUser(ctx context.Context, id uuid.UUID, d Deletion, e Event) error

	// ReleasedAt returns when a user with this folded username was last deleted. [ErrNotFound] when
	// that never happened, or when the record of it was deleted.
	ReleasedAt(ctx context.Context, folded string) (time.Time, error)

	// DeleteOldReleasedNames deletes up to limit records of names that were released at or before
	// until, and returns how many it deleted.
	DeleteOldReleasedNames(ctx context.Context, until time.Time, limit int) (int, error)
}

// User is an account.
type User struct {
	ID                uuid.UUID
	Username          string // as the user typed it
	Folded            string // PRECIS UsernameCaseMapped form, unique
	CreatedAt         time.Time
	DisabledAt        time.Time // zero while the user is enabled
	PasswordChangedAt time.Time

	FailedLogins       int       // since the latest success
	PasswordDisabledAt time.Time // zero while the password may be used

	Email           string    // the domain in A-labels; "" for none
	EmailVerifiedAt time.Time // zero while the address is not verified
	Locale          string    // languages of the latest sign-in or registration, best first: "de-CH,de,en"; "" when unknown

	Rights Rights
}

// EmailVerified reports whether the user has an address and has verified it.
func (u User) EmailVerified() bool { return !u.EmailVerifiedAt.IsZero() }

// Disabled reports whether the user may not sign in.
func (u User) Disabled() bool { return !u.DisabledAt.IsZero() }

// PasswordDisabled reports whether too many failed attempts have disabled signing in with the
// password.
func (u User) PasswordDisabled() bool { return !u.PasswordDisabledAt.IsZero() }

// NewUser is the input of [Store.CreateUser].
type NewUser struct {
	ID           uuid.UUID
	Username     string
	Folded       string
	PasswordHash string // PHC string; "" for an account that cannot sign in by password
	CreatedAt    time.Time

	// NotReleasedAfter makes a name count as taken when its user was deleted later than this.
	// Zero allows every released name.
	NotReleasedAfter time.Time

	Email  Address // zero for none
	Locale string  // see User
	Rights Rights  // without a generation

	// Verification asks for the mail that verifies Email, as by RequestVerification, without its
	// event. nil for no mail. The user is added whatever the decision is.
	Verification *VerificationRequest
}

// Credentials is what a login reads before it hashes the password.
type Credentials struct {
	User         User
	PasswordHash string // "" when the user has none
	Generation   Generation
}

// UserPage selects a page of users by name.
type UserPage struct {
	Search   string   // only users whose folded username or address contains this; taken literally, no wildcards
	Disabled bool     // only disabled users
	Roles    []string // only users who have one of these roles; nil for everybody
	After    string   // only users whose folded username sorts after this
	Limit    int      // max users to read, at least 1
}

// Deletion is the input of [Store.DeleteUser].
type Deletion struct {
	PasswordHash string   // the stored hash that the owner's password was verified against; "" for an operator
	Notice       *NewMail // nil for none
}

// Access is what [Store.Access] reads to judge an access token.
type Access struct {
	User           User
	Generation     Generation // the current pair
	SessionExists  bool       // the session's row exists and belongs to User
	SessionCurrent bool       // SessionExists, and the session's generation is current: all its tokens are good, even older ones
}
