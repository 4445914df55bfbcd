package store

import (
	"context"
	"time"
)

// SigningKeys is what a [Store] does with the keys of the access tokens.
type SigningKeys interface {
	// SigningKeys returns the keys of the access tokens, the oldest first.
	SigningKeys(ctx context.Context) ([]SigningKey, error)

	// AddSigningKey adds a key that is next or active; one of its id that is retired makes
	// room for it. [ErrConflict] when there is one of that state, or of that id in another.
	// Like all that changes keys, it appends an entry to the feed of revocations.
	AddSigningKey(ctx context.Context, k SigningKey, e Event) error

	// PromoteSigningKey makes the next key the active one, and retires the one that was,
	// which verifies until an instant. [ErrNotFound] when no key of this id is next.
	PromoteSigningKey(ctx context.Context, id string, verifyUntil time.Time, e Event) error

	// RetireSigningKey retires a key that is next. [ErrNotFound] when no key of this id is.
	RetireSigningKey(ctx context.Context, id string, e Event) error

	// RemoveSigningKey removes a key that is not active. [ErrNotFound] when there is no
	// such key that is not active.
	RemoveSigningKey(ctx context.Context, id string, e Event) error

	// BurnSigningKeys makes k, which may be there, the active key, and removes all others.
	// It returns how many.
	BurnSigningKeys(ctx context.Context, k SigningKey, e Event) (burned int, err error)

	// ResealSigningKeys replaces the private parts of keys that are still sealed as they
	// were read, and returns how many.
	ResealSigningKeys(ctx context.Context, keys []ResealedKey, e Event) (resealed int, err error)

	// DeleteOldSigningKeys removes retired keys that verify nothing since before an
	// instant. It takes no event: that they would go was known when they were retired.
	DeleteOldSigningKeys(ctx context.Context, before time.Time) error
}

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
