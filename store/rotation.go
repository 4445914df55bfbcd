package store

import (
	"time"

	"github.com/google/uuid"
)

// Outcome is the result of presenting a refresh token.
type Outcome int

// The outcomes of [Store.Rotate].
const (
	// Unknown: no such session. Nothing changes; replaying the token of a
	// session that was logged out harms nobody.
	Unknown Outcome = iota
	// Rotated: the token was current and the session alive. The row was rewritten.
	Rotated
	// Retried: the token was replaced within the retry window. The caller returns
	// the newest successor again, whoever has used those in between.
	Retried
	// Reused: any other token of a live session. It is treated as theft.
	Reused
	// Expired: the idle or the absolute lifetime is over.
	Expired
	// Revoked: the session's generation is old.
	Revoked
	// Disabled: the user is disabled.
	Disabled
	// Lost: the token is newer than the row. The database has lost the rotation that
	// issued it, in a failover or by a restore.
	Lost
)

// String returns the outcome's name in lower case, as logs and metrics use it.
func (o Outcome) String() string {
	switch o {
	case Rotated:
		return "rotated"
	case Retried:
		return "retried"
	case Reused:
		return "reused"
	case Expired:
		return "expired"
	case Revoked:
		return "revoked"
	case Disabled:
		return "disabled"
	case Lost:
		return "lost"
	default:
		return "unknown"
	}
}

// Rotation is the input of [Store.Rotate].
type Rotation struct {
	SessionID   uuid.UUID
	TokenHash   string        // hex SHA-256 of the token presented
	Step        int64         // step of the token presented; 0 when the token has none
	NextHash    string        // hex SHA-256 of its successor
	NextStep    int64         // step of its successor, greater than Step
	Successor   []byte        // the successor's verifier, sealed under the token presented; 32 bytes
	At          time.Time     // the instant of the request
	ExpiresAt   time.Time     // new idle expiry; the row's absolute expiry caps it
	RetryWindow time.Duration // how long after a rotation the replaced token may be presented again; at most a minute
	Clock       time.Time     // replaces the database's clock in tests; zero in production

	// These are called when the token is judged, which may be much later than At. Each may be nil.
	Resuming func() bool          // reports whether this process could not answer until now and [Store.Resume] has not recorded that yet
	Waited   func() time.Duration // returns the time since the client sent its request
}

// RotateResult is the result of [Store.Rotate]. Session and User are set for Rotated and Retried
// only, Successors for Retried only.
type RotateResult struct {
	Outcome    Outcome
	Session    Session  // ID, UserID, CreatedAt, ExpiresAt and Generation; the other fields are zero
	User       User     // ID, Username, CreatedAt and Rights; the other fields are zero
	Successors []Sealed // the presented token opens the first, each one opens the next; the last is the session's current token
}

// NewRotateResult returns a result with those fields of the session and its user that a result has.
func NewRotateResult(o Outcome, s Session, u User) RotateResult {
	return RotateResult{
		Outcome: o,
		Session: Session{ID: s.ID, UserID: u.ID, CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt, Generation: s.Generation},
		User:    User{ID: u.ID, Username: u.Username, CreatedAt: u.CreatedAt, Rights: u.Rights},
	}
}

// RotationState is what a backend has read, under a lock, from the row of the rotation's session.
type RotationState struct {
	TokenHash  string
	Step       int64      // of the current token; less than that where an older release has rotated it
	Replaced   []Replaced // the latest replaced tokens, newest first
	Clock      time.Time  // the database's clock
	ResumedAt  time.Time  // when the installation last resumed, by the database's clock; zero for never
	ExpiresAt  time.Time
	Disabled   bool       // the owner is disabled
	Generation Generation // the session's
	Current    Generation // the current one of the owner and the installation
}

// Judge decides the outcome of a rotation against the row s. Rotated means that the token is
// current and the session alive, so the caller can try the conditional statement again.
func (r Rotation) Judge(s RotationState) Outcome {
	switch i := s.find(r.TokenHash); {
	case s.Disabled:
		return Disabled
	case s.Generation.Behind(s.Current):
		return Revoked
	case !r.At.Before(s.ExpiresAt):
		return Expired
	case r.TokenHash == s.TokenHash:
		return Rotated
	case i >= 0 && r.RetryWindow > 0 && r.waited(s, s.Replaced[i]) <= r.RetryWindow:
		return Retried
	case i < 0 && r.Step > 0 && r.Step >= s.Step:
		return Lost
	default:
		return Reused
	}
}

// resumeReach is the max age of a rotation whose answer an outage may have kept from the client.
const resumeReach = time.Hour

// waited returns how long a client took to ask again for the answer to the rotation that replaced
// t. It counts from the rotation or, if that was in the last hour, from when the installation last
// resumed. Time that the request spent waiting in this process does not count.
func (r Rotation) waited(s RotationState, t Replaced) time.Duration {
	asked := s.Clock
	if r.Waited != nil {
		asked = asked.Add(-r.Waited())
	}
	since := asked.Sub(t.At)
	if t.callers {
		since = min(since, r.At.Sub(t.At))
	}
	switch {
	case since > resumeReach:
		return since
	case r.resuming():
		return 0
	case s.ResumedAt.After(t.At) && !s.ResumedAt.After(s.Clock):
		return asked.Sub(s.ResumedAt)
	default:
		return since
	}
}

func (r Rotation) resuming() bool { return r.Resuming != nil && r.Resuming() }
