package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Users is what a [Store] does with accounts.
type Users interface {
	// CreateUser adds a user. [ErrConflict] when the folded username (or the id)
	// is taken, or, with u.NotReleasedAfter, when a user who had the name was deleted
	// after that. It costs the same either way.
	CreateUser(ctx context.Context, u NewUser, e Event) (User, error)

	// ImportUsers adds users with what they bring, all in one transaction, and returns
	// what became of each, in their order. No two of them may have the same id or the
	// same folded username. Their generations begin at e.At, so that one whose id a user had
	// who was deleted is not taken for that one. It writes e, with the user's id, for each
	// that was added.
	//
	// A user who is there already is left as it is, except that one without a password
	// gets what the import has: the hash, PasswordChangedAt, and PasswordDisabledAt where the
	// password was not disabled before. For each of those it writes e with
	// [ActionPasswordImported]. The generation stays, for nobody signed in without a password.
	ImportUsers(ctx context.Context, users []ImportedUser, e Event) ([]ImportOutcome, error)

	// CredentialsPage returns one page of all users with their password hashes, by id:
	// at most limit of them, after an id.
	CredentialsPage(ctx context.Context, after uuid.UUID, limit int) ([]Credentials, error)

	// Credentials returns what a login needs of the user with this folded
	// username: the user, its password hash, and the current generation.
	// [ErrNotFound] when there is none. Disabled users are returned.
	Credentials(ctx context.Context, folded string) (Credentials, error)

	// CredentialsByID is Credentials for the user with this id.
	CredentialsByID(ctx context.Context, id uuid.UUID) (Credentials, error)

	// User returns the user with this folded username, or [ErrNotFound].
	User(ctx context.Context, folded string) (User, error)

	// UserByID returns the user with this id, or [ErrNotFound].
	UserByID(ctx context.Context, id uuid.UUID) (User, error)

	// Users looks at one page of all users, ordered by folded username, and returns those
	// of them that p selects, with their credentials. Next is the folded username to go on
	// after, "" when no user is left to look at. A page of a search may select nobody and
	// have a next.
	Users(ctx context.Context, p UserPage) (users []Credentials, next string, err error)

	// HashesOtherThan looks at up to limit users in the order of their ids, after one, uuid.Nil for
	// all, and returns the password hashes that do not begin with a cost, as PHC strings have
	// it, with "$" or ",keyid=" behind it, and those that end in "=". next is the last
	// user that it has looked at, uuid.Nil when there was none.
	HashesOtherThan(ctx context.Context, cost string, after uuid.UUID, limit int) (hashes []string, next uuid.UUID, err error)

	// SetPassword replaces a user's password hash, forgets the failed attempts as
	// UnlockUser does, and ends the user's sessions by bumping the user's generation.
	// [ErrNotFound] when there is no such user.
	SetPassword(ctx context.Context, id uuid.UUID, hash string, e Event) (User, error)

	// DisableUser sets disabled_at to e.At (a user who is disabled already keeps
	// the earlier instant) and ends the user's sessions by bumping the
	// generation. [ErrNotFound] when there is no such user.
	DisableUser(ctx context.Context, id uuid.UUID, e Event) (User, error)

	// EnableUser clears disabled_at. Sessions that ended with the disabling stay
	// dead. [ErrNotFound] when there is no such user.
	EnableUser(ctx context.Context, id uuid.UUID, e Event) (User, error)

	// DeleteUser removes a user, every session of it, the attempts that are counted
	// for it and where it has signed in; audit events stay. The name counts as released at
	// e.At, as [ReleasedName] keeps it.
	// [ErrNotFound] when there is no such user.
	DeleteUser(ctx context.Context, id uuid.UUID, e Event) error

	// ReleasedAt returns when a user who had this folded username was deleted, the latest of
	// them, as long as that is remembered. [ErrNotFound] when nobody had the name, or it is
	// forgotten.
	ReleasedAt(ctx context.Context, folded string) (time.Time, error)

	// DeleteOldReleasedNames forgets up to limit names that were released at an instant or
	// before, and returns how many it forgot.
	DeleteOldReleasedNames(ctx context.Context, until time.Time, limit int) (int, error)
}

// User is an account.
type User struct {
	ID                uuid.UUID
	Username          string // as typed
	Folded            string // PRECIS UsernameCaseMapped form, unique
	CreatedAt         time.Time
	DisabledAt        time.Time // zero while the user is enabled
	PasswordChangedAt time.Time

	FailedLogins       int       // since the latest success
	PasswordDisabledAt time.Time // zero while the password may be used
}

// Disabled reports whether the user may not sign in.
func (u User) Disabled() bool { return !u.DisabledAt.IsZero() }

// PasswordDisabled reports whether the password may not be used to sign in, because too
// many attempts have failed.
func (u User) PasswordDisabled() bool { return !u.PasswordDisabledAt.IsZero() }

// NewUser is the input of [Store.CreateUser].
type NewUser struct {
	ID           uuid.UUID
	Username     string
	Folded       string
	PasswordHash string // PHC string; "" for an account that cannot sign in by password
	CreatedAt    time.Time

	// A name that a user had who was deleted later than this is taken; zero for whoever may
	// have such a name.
	NotReleasedAfter time.Time
}

// Credentials is what a login reads before it hashes.
type Credentials struct {
	User         User
	PasswordHash string // "" when the user has none
	Generation   Generation
}

// UserPage selects users by key, never by offset.
type UserPage struct {
	Search   string // only users whose folded username contains this; taken literally, no wildcards
	Disabled bool   // only disabled users
	After    string // only users whose folded username sorts after this
	Limit    int    // look at this many at most, at least 1
}

// Access is what [Store.Access] reads to judge an access token.
type Access struct {
	User           User
	Generation     Generation // the current pair
	SessionExists  bool       // the session's row exists and belongs to User
	SessionCurrent bool       // and its own pair is not behind: its tokens are good, also those from before it was spared
}
