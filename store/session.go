package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Sessions is the part of [Store] about sessions.
type Sessions interface {
	// StartSession records one sign-in. It reports false, and changes nothing, in these cases:
	//
	//   - the user or its password is gone or disabled,
	//   - the password hash is no longer s.PasswordHash,
	//   - the generation is no longer s.Generation.
	//
	// So a change between the query and now wins over the login. In the same transaction
	// StartSession:
	//
	//   - resets the user's failed logins and the counter Here of s.Attempt;
	//   - subtracts the count of Here, which includes this attempt, from Anywhere, so that the failures of
	//     other places and their delay remain;
	//   - remembers the success at its place;
	//   - replaces the password hash by s.Rehash if that is set;
	//   - ends the session s.Replaces if there is one, and the user's oldest sessions beyond s.Max, up to
	//     [MaxSurplus] of them, each with an event [ActionSessionReplaced] of its own;
	//   - keeps s.Locale as the user's, if it is set and differs;
	//   - queues s.Notice, if the user has signed in from other places and not from this one since
	//     s.Attempt.Known.Since;
	//   - writes e.
	//
	// Each concurrent sign-in may leave one session too many.
	StartSession(ctx context.Context, s NewSession, e Event) (started bool, err error)

	// Rotate exchanges a refresh token for its successor; [Outcome] lists the outcomes. The fast
	// path is one conditional statement. Only if that changes no row does a second transaction lock
	// the row and call [Rotation.Judge] for the reason. The database's clock tells when the token
	// was replaced. The row remembers the latest [MaxReplaced] tokens that may still be within
	// their retry window.
	//
	// Rotated and Retried write no event. Reused, Lost, Revoked and Disabled delete the session row
	// and write e with the user and session of the row. Its action is [ActionSessionReused] for
	// Reused; for the others it is [ActionRefreshRefused], with the outcome as reason. Expired and
	// Unknown change nothing.
	Rotate(ctx context.Context, r Rotation, e Event) (RotateResult, error)

	// EndSession deletes one session, whoever owns it, and writes e with the ids of the row. It
	// reports false, and writes no event, when there is none.
	EndSession(ctx context.Context, id uuid.UUID, e Event) (ended bool, err error)

	// EndUserSession deletes one session as EndSession does, but only if this user owns it.
	EndUserSession(ctx context.Context, userID, id uuid.UUID, e Event) (ended bool, err error)

	// EndOtherSessions ends every session of a user except spared. It raises the user's generation,
	// and also that of the session spared if that is alive. It writes e with the ids of the user
	// and of that session. [ErrNotFound] when there is no such user. The cost does not depend on
	// the number of sessions.
	EndOtherSessions(ctx context.Context, userID, spared uuid.UUID, e Event) error

	// EndSessionsByID deletes those of the sessions that exist, whoever owns them, and writes e for
	// each with the ids of its row. It returns how many it deleted.
	EndSessionsByID(ctx context.Context, ids []uuid.UUID, e Event) (ended int, err error)

	// EndSessionsLate is EndSessionsByID for a request that was made at e.At and could not be
	// carried out then. The audit trail gets e.At. The feed gets now, because servers read it by
	// time.
	EndSessionsLate(ctx context.Context, ids []uuid.UUID, now time.Time, e Event) (ended int, err error)

	// EndSessions ends every session in scope that exists now. It raises the generation of the user
	// or of the installation: one integer, however many sessions that covers. It returns the new
	// generation. The rows stay until DeleteDeadSessions. [ErrNotFound] when the scope names a user
	// who does not exist.
	EndSessions(ctx context.Context, s Scope, e Event) (generation int64, err error)

	// CountSessions reads one page of the session rows in scope, dead or alive, ordered by user. It
	// returns how many of them are alive at p.Now and how many users own those. All rows of a user
	// are in one page, so the counts of pages can be added. next is the user id to continue after,
	// zero when no row is left.
	CountSessions(ctx context.Context, p CountPage) (count SessionCount, next uuid.UUID, err error)

	// Sessions reads one page of the session rows, dead or alive, ordered by id, and returns those
	// that are alive at p.Now. next is the id to continue after, zero when no row is left. A page
	// may return no session and still have a next.
	Sessions(ctx context.Context, p SessionPage) (sessions []Session, next uuid.UUID, err error)

	// UserSessions returns one page of a user's sessions that are alive at p.Now, newest first.
	UserSessions(ctx context.Context, p UserSessionPage) ([]Session, error)

	// LastSignIn returns when a user last signed in: the later of the latest [ActionLogin] in the
	// audit trail and the newest session row, dead or alive. [ErrNotFound] when neither records a
	// sign-in; the trail may have been shortened. It takes one statement that reads two rows.
	LastSignIn(ctx context.Context, userID uuid.UUID) (time.Time, error)

	// Access returns what decides whether an access token is still good: its user, the current
	// generation, and whether its session exists and belongs to that user. [ErrNotFound] when there
	// is no such user. It takes one statement.
	Access(ctx context.Context, userID, sessionID uuid.UUID) (Access, error)

	// SessionState returns a session's row as it is, dead or alive, and the state that would judge
	// a rotation of it. [ErrNotFound] when there is none.
	SessionState(ctx context.Context, id uuid.UUID) (Session, RotationState, error)

	// DeleteDeadSessions reads one page of the session rows, dead or alive, and removes those that
	// can never be used again: expired before p.ExpiredBefore, or of an old generation. It returns
	// how many it removed, and the id to continue after, zero when no row is left. It takes no
	// event: the end of these sessions is in the trail already.
	DeleteDeadSessions(ctx context.Context, p DeadSessionPage) (deleted int, next uuid.UUID, err error)
}

// Session is one sign-in on one device. It is one row, which each rotation rewrites.
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
	Generation        Generation // the pair that was read with the credentials
	CreatedAt         time.Time
	ExpiresAt         time.Time
	AbsoluteExpiresAt time.Time
	RemoteAddr        string
	UserAgent         string
	PasswordHash      string    // the stored hash that the password was verified against
	Rehash            string    // replaces PasswordHash; "" when no upgrade is due
	Replaces          uuid.UUID // the session that the login's request presented; zero for none
	Attempt           *Attempt  // the attempt that succeeded; nil when it was not counted
	Max               int       // max live sessions of the user, including this one; 0 for no limit
	Locale            string    // becomes the user's, unless it is ""
	Notice            *NewMail  // queued when Attempt.Known is a new place of a user who has others; nil for none
}

// MaxSurplus is the max number of sessions beyond NewSession.Max that one sign-in ends.
const MaxSurplus = 1000

// Age is a session's position among the sessions of its user, newest first.
type Age struct {
	CreatedAt time.Time
	ID        uuid.UUID
}

// UserSessionPage selects a page of one user's live sessions, newest first.
type UserSessionPage struct {
	UserID uuid.UUID
	Now    time.Time // the instant at which they must be alive
	Before Age       // only older sessions than this; zero for the newest
	Limit  int       // max sessions to return, at least 1
}

// SessionPage selects a page of everybody's live sessions, ordered by id.
type SessionPage struct {
	Now   time.Time // the instant at which they must be alive
	After uuid.UUID // only sessions whose id sorts after this; zero for the first page
	Limit int       // max rows to read, at least 1
}

// CountPage selects a page of live sessions to count, ordered by user.
type CountPage struct {
	Scope Scope
	Now   time.Time // the instant at which they must be alive
	After uuid.UUID // only of users whose id sorts after this; zero for the first page
	Limit int       // rows to read, at least 1; the rest of the last user's rows are read too
}

// DeadSessionPage selects a page of session rows, ordered by id, from which the dead ones are
// deleted.
type DeadSessionPage struct {
	UserID        uuid.UUID // only rows of this user; zero for all users
	ExpiredBefore time.Time
	After         uuid.UUID // only rows whose id sorts after this; zero for the first page
	Limit         int       // max rows to read, at least 1
}

// SessionCount is how many sessions, of how many users, a revocation covers.
type SessionCount struct {
	Sessions int64
	Users    int64
}

// Scope selects the sessions of one user or of everybody. The zero Scope covers nobody.
type Scope struct {
	everyone bool
	userID   uuid.UUID
}

// Everyone returns the scope of all sessions of the installation.
func Everyone() Scope { return Scope{everyone: true} }

// OfUser returns the scope of one user's sessions.
func OfUser(id uuid.UUID) Scope { return Scope{userID: id} }

// Everyone reports whether the scope covers the whole installation.
func (s Scope) Everyone() bool { return s.everyone }

// UserID returns the user that the scope covers, zero when it covers everyone
// or nobody.
func (s Scope) UserID() uuid.UUID { return s.userID }
