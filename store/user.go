package store

import (
	"time"

	"github.com/google/uuid"
)

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
