package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Sessions is what a [Store] does with sessions.
type Sessions interface {
	// StartSession records one sign-in. It reports false, and changes nothing,
	// when the user or its password is gone or disabled, when the password hash is no longer
	// s.PasswordHash, or when the generation is no longer s.Generation: whatever
	// happened between the look-up and now wins over the login. In the same
	// transaction it takes the failures back from the user and from the counter Here of
	// s.Attempt; from Anywhere as many as Here had, the attempt itself with them, and
	// never the failures of other places, whose delay goes on. It remembers the success at its place,
	// replaces the password hash by s.Rehash if that is set, ends
	// the session s.Replaces if there is one and the user's oldest beyond s.Max, up to
	// [MaxSurplus] of them (an event of its own, [ActionSessionReplaced], carries each
	// one's ids), and writes e. Sign-ins at the same time may leave one too many each.
	StartSession(ctx context.Context, s NewSession, e Event) (started bool, err error)

	// Rotate exchanges a refresh token for its successor, as [Outcome] describes.
	// The fast path is one conditional statement; only when that changes no row
	// does a second transaction lock the row and let [Rotation.Judge] say why.
	// When the token was replaced is told by the database's clock. The row remembers
	// the latest [MaxReplaced] tokens that may still be within their retry window.
	// Rotated and Retried write no event. Reused, Lost, Revoked and Disabled delete the
	// session row and write e with the action [ActionSessionReused] or, for the
	// latter three, [ActionRefreshRefused] and the outcome as its reason; e's user
	// and session are filled in from the row. Expired and Unknown change nothing.
	Rotate(ctx context.Context, r Rotation, e Event) (RotateResult, error)

	// EndSession deletes one session, whoever owns it, and writes e with the ids
	// of the row. It reports false, and writes no event, when there is none.
	EndSession(ctx context.Context, id uuid.UUID, e Event) (ended bool, err error)

	// EndUserSession is EndSession for a session of this user only.
	EndUserSession(ctx context.Context, userID, id uuid.UUID, e Event) (ended bool, err error)

	// EndOtherSessions ends every session of a user but one, by bumping the user's
	// generation and lifting the session spared with it, if that is alive. It writes e
	// with the ids of the user and of that session. [ErrNotFound] when there is no such
	// user. It costs the same for any number of sessions.
	EndOtherSessions(ctx context.Context, userID, spared uuid.UUID, e Event) error

	// EndSessionsByID deletes those of the sessions that exist, whoever owns them,
	// and writes e for each with the ids of its row. It returns how many there were.
	EndSessionsByID(ctx context.Context, ids []uuid.UUID, e Event) (ended int, err error)

	// EndSessionsLate is EndSessionsByID for what was asked for at e.At and could not be
	// done then: the trail has e.At, and the feed has now, for who reads it by time.
	EndSessionsLate(ctx context.Context, ids []uuid.UUID, now time.Time, e Event) (ended int, err error)

	// EndSessions ends every session in scope that exists now, by bumping the
	// generation of the user or of the installation: one integer, however many
	// sessions it covers, which it returns. The rows stay until DeleteDeadSessions.
	// [ErrNotFound] when the scope names a user who does not exist.
	EndSessions(ctx context.Context, s Scope, e Event) (generation int64, err error)

	// CountSessions looks at one page of the session rows in scope, dead or alive, by
	// user, and returns how many of them are alive at p.Now and how many users those
	// belong to. A user's rows are in one page, so counts of pages add up. Next is the
	// user id to go on after, zero when no row is left.
	CountSessions(ctx context.Context, p CountPage) (count SessionCount, next uuid.UUID, err error)

	// Sessions looks at one page of the session rows, dead or alive, ordered by id, and
	// returns those of them that are alive at p.Now. Next is the id to go on after, zero
	// when no row is left. A page may hold no session and have a next.
	Sessions(ctx context.Context, p SessionPage) (sessions []Session, next uuid.UUID, err error)

	// UserSessions returns one page of a user's sessions alive at p.Now, the newest first.
	UserSessions(ctx context.Context, p UserSessionPage) ([]Session, error)

	// LastSignIn returns when a user signed in last, as the latest [ActionLogin] of the audit
	// trail or the newest session row tells, dead or alive. [ErrNotFound] when neither knows
	// of a sign-in: the trail may have been shortened. One statement, which reads two rows.
	LastSignIn(ctx context.Context, userID uuid.UUID) (time.Time, error)

	// Access returns what decides whether an access token is still good: its
	// user, the current generation, and whether its session exists and belongs
	// to that user. [ErrNotFound] when there is no such user. One statement.
	Access(ctx context.Context, userID, sessionID uuid.UUID) (Access, error)

	// SessionState returns a session's row as it is, dead or alive, and what a
	// rotation of it would be judged by. [ErrNotFound] when there is none.
	SessionState(ctx context.Context, id uuid.UUID) (Session, RotationState, error)

	// DeleteDeadSessions looks at one page of the session rows, dead or alive, and
	// removes those that can never be used again: expired before p.ExpiredBefore,
	// or behind the current generation. It returns how many it removed, and the id
	// to go on after, zero when no row is left. It takes no event: what ended these
	// sessions was audited when it happened.
	DeleteDeadSessions(ctx context.Context, p DeadSessionPage) (deleted int, next uuid.UUID, err error)
}

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
