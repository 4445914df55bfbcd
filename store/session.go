package store

import (
	"time"

	"github.com/google/uuid"
)

// Session is one sign-in on one device: one row, rewritten at each rotation.
type Session struct {
	ID                uuid.UUID
	UserID            uuid.UUID
	Username          string
	CreatedAt         time.Time
	LastUsedAt        time.Time // sign-in or latest rotation
	ExpiresAt         time.Time // idle expiry; never later than AbsoluteExpiresAt
	AbsoluteExpiresAt time.Time
	RemoteAddr        string // of the sign-in; "" when unknown
	UserAgent         string // of the sign-in
	Generation        Generation
}

// NewSession is the input of [Store.StartSession].
type NewSession struct {
	ID                uuid.UUID
	UserID            uuid.UUID
	TokenHash         string     // hex SHA-256 of the first refresh token
	Step              int64      // of the first refresh token
	Generation        Generation // the pair that the look-up read
	CreatedAt         time.Time
	ExpiresAt         time.Time
	AbsoluteExpiresAt time.Time
	RemoteAddr        string
	UserAgent         string
	PasswordHash      string    // the stored hash that the password was verified against
	Rehash            string    // replaces PasswordHash; "" when no upgrade is due
	Replaces          uuid.UUID // session that the login's request came with; zero for none
	Attempt           *Attempt  // that this is the success of; nil when it was not counted
	Max               int       // live sessions that the user may have, with this one; 0 for no limit
}

// MaxSurplus is how many sessions beyond NewSession.Max one sign-in ends.
const MaxSurplus = 1000

// Age is where a session stands among its user's, the newest first.
type Age struct {
	CreatedAt time.Time
	ID        uuid.UUID
}

// UserSessionPage selects live sessions of one user, the newest first.
type UserSessionPage struct {
	UserID uuid.UUID
	Now    time.Time // the instant at which they must be alive
	Before Age       // only older sessions than this; zero for the newest
	Limit  int       // at most this many, at least 1
}

// SessionPage selects everybody's live sessions by key.
type SessionPage struct {
	Now   time.Time // the instant at which they must be alive
	After uuid.UUID // only sessions whose id sorts after this; zero for the first page
	Limit int       // look at this many rows at most, at least 1
}

// CountPage selects live sessions by their users, to be counted.
type CountPage struct {
	Scope Scope
	Now   time.Time // the instant at which they must be alive
	After uuid.UUID // only of users whose id sorts after this; zero for the first page
	Limit int       // look at this many rows, and at the rest of the last user's; at least 1
}

// DeadSessionPage selects session rows by key, for the dead ones to be deleted.
type DeadSessionPage struct {
	UserID        uuid.UUID // only this user's; zero for everybody's
	ExpiredBefore time.Time
	After         uuid.UUID // only rows whose id sorts after this; zero for the first page
	Limit         int       // look at this many at most, at least 1
}

// SessionCount is how much a revocation covers.
type SessionCount struct {
	Sessions int64
	Users    int64
}

// Scope says whose sessions. The zero Scope covers nobody.
type Scope struct {
	everyone bool
	userID   uuid.UUID
}

// Everyone covers every session of the installation.
func Everyone() Scope { return Scope{everyone: true} }

// OfUser covers the sessions of one user.
func OfUser(id uuid.UUID) Scope { return Scope{userID: id} }

// Everyone reports whether the scope covers the whole installation.
func (s Scope) Everyone() bool { return s.everyone }

// UserID returns the user that the scope covers, zero when it covers everyone
// or nobody.
func (s Scope) UserID() uuid.UUID { return s.userID }
