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
	// Retried: the token is the previous one, within the retry window, and its
	// successor has not been used. The caller hands out the same successor again.
	Retried
	// Reused: any other token of a live session. Taken for theft.
	Reused
	// Expired: the idle or the absolute lifetime is over.
	Expired
	// Revoked: the session's generation is behind.
	Revoked
	// Disabled: the user is disabled.
	Disabled
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
	default:
		return "unknown"
	}
}

// Rotation is the input of [Store.Rotate].
type Rotation struct {
	SessionID   uuid.UUID
	TokenHash   string        // hex SHA-256 of the token presented
	NextHash    string        // hex SHA-256 of its successor
	Successor   []byte        // the successor's verifier, sealed under the token presented; 32 bytes
	At          time.Time     // the instant of the request
	ExpiresAt   time.Time     // new idle expiry; the row's absolute expiry caps it
	RetryWindow time.Duration // how long after a rotation the previous token may be presented again
}

// RotateResult is what [Store.Rotate] answers. Session, User and Successor are set for Rotated and
// Retried only.
type RotateResult struct {
	Outcome   Outcome
	Session   Session
	User      User
	Successor []byte // Retried: the verifier that the first rotation sealed
	TokenHash string // Retried: hex SHA-256 of the session's current token, which proves an opened successor
}

// RotationState is what a backend read, under a lock, of the row that a
// rotation names.
type RotationState struct {
	TokenHash    string
	PreviousHash string // "" before the first rotation
	RotatedAt    time.Time
	ExpiresAt    time.Time
	Disabled     bool       // the owner is disabled
	Generation   Generation // of the row
	Current      Generation // of the owner and the installation
}

// Judge decides what a rotation of the row s comes to. Rotated means that the
// token is current and the session alive, so that the conditional statement can
// be tried again.
func (r Rotation) Judge(s RotationState) Outcome {
	switch {
	case s.Disabled:
		return Disabled
	case s.Generation.Behind(s.Current):
		return Revoked
	case !r.At.Before(s.ExpiresAt):
		return Expired
	case r.TokenHash == s.TokenHash:
		return Rotated
	case r.TokenHash == s.PreviousHash && r.RetryWindow > 0 && r.At.Sub(s.RotatedAt) <= r.RetryWindow:
		return Retried
	default:
		return Reused
	}
}
