package store

import (
	"context"
	"time"
)

// SigningKeys is the part of [Store] about the keys that sign access tokens. Every method that
// changes keys also appends an entry to the feed of revocations.
type SigningKeys interface {
	// SigningKeys returns the signing keys, oldest first.
	SigningKeys(ctx context.Context) ([]SigningKey, error)

	// AddSigningKey adds a key in the state next or active. A retired key with the same id is
	// replaced. [ErrConflict] when another key has that state, or the id in a state other than
	// retired.
	AddSigningKey(ctx context.Context, k SigningKey, e Event) error

	// PromoteSigningKey makes the next key the active one. It retires the former active key, which
	// verifies tokens until verifyUntil. [ErrNotFound] when no key with this id is next.
	PromoteSigningKey(ctx context.Context, id string, verifyUntil time.Time, e Event) error

	// RetireSigningKey retires a key that is next. [ErrNotFound] when no key with this id is next.
	RetireSigningKey(ctx context.Context, id string, e Event) error

	// RemoveSigningKey removes a key that is not active. [ErrNotFound] when there is no such key.
	RemoveSigningKey(ctx context.Context, id string, e Event) error

	// BurnSigningKeys makes k the active key and removes all others, so that no other key verifies
	// anything. k may exist already. It returns how many keys it removed.
	BurnSigningKeys(ctx context.Context, k SigningKey, e Event) (burned int, err error)

	// ResealSigningKeys replaces the sealed private parts of keys. It skips a key that was resealed
	// since it was read. It returns how many it replaced.
	ResealSigningKeys(ctx context.Context, keys []ResealedKey, e Event) (resealed int, err error)

	// DeleteOldSigningKeys removes retired keys whose VerifyUntil is before an instant. It takes no
	// event: the retirement has announced the removal.
	DeleteOldSigningKeys(ctx context.Context, before time.Time) error
}

// KeyState is the stage of a signing key's life.
type KeyState string

// The states. At most one key is next, and at most one active.
const (
	KeyNext    KeyState = "next"    // published, signs nothing yet
	KeyActive  KeyState = "active"  // signs
	KeyRetired KeyState = "retired" // signs nothing any more, still verifies
)

// SigningKey is a key that signs access tokens.
type SigningKey struct {
	ID          string // the kid of RFC 7517
	Algorithm   string // the alg of RFC 7518
	State       KeyState
	Public      []byte // PKIX, DER; nil for a symmetric key
	Sealed      []byte // the encrypted private part, which the store cannot open; nil for a key that is in the configuration
	SealedBy    string // names the secret that opens Sealed; "" when Sealed is nil
	CreatedAt   time.Time
	ActivatedAt time.Time // zero when the key was never active
	RetiredAt   time.Time // zero unless the key is retired
	VerifyUntil time.Time // when the last token that it signed expires; zero unless the key is retired
}

// ResealedKey is a key's private part, sealed with another secret.
type ResealedKey struct {
	ID       string
	From     string // the SealedBy that was read
	Sealed   []byte
	SealedBy string
}
