package store

import (
	"time"

	"github.com/google/uuid"
)

// Outcome is what became of a presented refresh token.
type Outcome int

// The outcomes of [Store.Rotate].
const (
	// Unknown: no such session. Nothing else happens; replaying the token of a
	// session that was logged out harms nobody.
	Unknown Outcome = iota
	// Rotated: the token was current and the session alive; the row was rewritten.
	Rotated
	// Retried: the token was replaced within the retry window. The caller hands out
	// the newest successor again, whoever has used those in between.
	Retried
	// Reused: any other token of a live session. Taken for theft.
	Reused
	// Expired: the idle or the absolute lifetime is over.
	Expired
	// Revoked: the session's generation is behind.
	Revoked
	// Disabled: the user is disabled.
	Disabled
	// Lost: the token is newer than the row. The database has lost the rotation that
	// made it, in a failover or by a restore.
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
	Step        int64         // of the token presented; 0 when it says none
	NextHash    string        // hex SHA-256 of its successor
	NextStep    int64         // of its successor, more than Step
	Successor   []byte        // the successor's verifier, sealed under the token presented; 32 bytes
	At          time.Time     // the instant of the request
	ExpiresAt   time.Time     // new idle expiry; the row's absolute expiry caps it
	RetryWindow time.Duration // how long after a rotation the token replaced may be presented again; up to a minute
	Clock       time.Time     // stands in for the database's clock, in tests; zero in production

	// What is asked when the token is judged, which may be much later than At; nil for neither.
	Resuming func() bool          // whether this process could not answer until now, and [Store.Resume] has not recorded that yet
	Waited   func() time.Duration // since the client has asked
}

// RotateResult is what [Store.Rotate] answers. Session and User are set for Rotated and
// Retried only, the rest for Retried.
type RotateResult struct {
	Outcome    Outcome
	Session    Session
	User       User
	Successors []Sealed // the first opens with the token presented, each next one with the token before it; the last is the session's current token
}

// RotationState is what a backend read, under a lock, of the row that a
// rotation names.
type RotationState struct {
	TokenHash  string
	Step       int64      // the current token's at least
	Replaced   []Replaced // the latest tokens that were replaced, the newest first
	Clock      time.Time  // the database's
	ResumedAt  time.Time  // when the installation last came back, by the database's clock; zero for never
	ExpiresAt  time.Time
	Disabled   bool       // the owner is disabled
	Generation Generation // of the row
	Current    Generation // of the owner and the installation
}

// Judge decides what a rotation of the row s comes to. Rotated means that the
// token is current and the session alive, so that the conditional statement can
// be tried again.
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

// resumeReach is how old a rotation may be for an outage to have kept its answer from
// the client.
const resumeReach = time.Hour

// waited is the time that a client took to ask again for the answer to the rotation that
// replaced a token: since the rotation, or, of one of the last hour, since the
// installation last came back. That its request was carried out late is no fault of its.
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
