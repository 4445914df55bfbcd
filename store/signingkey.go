package store

import "time"

// KeyState is where a signing key is in its life.
type KeyState string

// The states. At most one key is next, and at most one active.
const (
	KeyNext    KeyState = "next"    // published, signs nothing yet
	KeyActive  KeyState = "active"  // signs
	KeyRetired KeyState = "retired" // signs no more, and verifies what it has signed
)

// SigningKey is a key of the access tokens.
type SigningKey struct {
	ID          string // kid
	Algorithm   string // alg of RFC 7518
	State       KeyState
	Public      []byte // PKIX, DER; nil for a symmetric key
	Sealed      []byte // the private part, which the store cannot open; nil for a key that is in the configuration
	SealedBy    string // which secret opens it; "" when Sealed is nil
	CreatedAt   time.Time
	ActivatedAt time.Time // zero when it never was active
	RetiredAt   time.Time // zero when it is not
	VerifyUntil time.Time // when the last token that it signed is dead; zero when it is not retired
}

// ResealedKey is a key's private part under another secret.
type ResealedKey struct {
	ID       string
	From     string // SealedBy as it was read
	Sealed   []byte
	SealedBy string
}
