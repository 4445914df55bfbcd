package authn

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/authctl/authctl/store"
)

// JWKSMaxAge is how long clients may cache the public keys.
const JWKSMaxAge = 5 * time.Minute

// PublishedFor is how long a public key is published before it signs. It is longer than verifiers
// take that do not fetch the keys for a token of an unknown key: jwk.Cache of
// github.com/lestrrat-go/jwx fetches them each 15 minutes, whatever Cache-Control says.
const PublishedFor = 20 * time.Minute

// ErrSecretInUse means that there is no new key to rotate to. The algorithm is HS256, and the
// configured secret is the active key already.
var ErrSecretInUse = errors.New("HS256 signs with jwt.secret itself, which is the active key already")

// ErrAnotherNext means that the next key has another algorithm or secret than the configured one. A
// change to it is under way or was abandoned.
var ErrAnotherNext = errors.New("the next key is not what is configured here")

// ErrKeyClosed means that this process cannot open the active signing key.
var ErrKeyClosed = errors.New("the active signing key cannot be opened")

// Keys is the keys that sign access tokens: those of the database, as this process has last read
// them.
type Keys struct {
	store     store.Store
	rules     *atomic.Pointer[rules] // of the service
	access    *accessTokens
	algorithm string        // the configured one
	staleness time.Duration // how long after a promotion a server may still sign with the former key
	now       func() time.Time
	reading   keyReading
}

// Key is a signing key and whether this process can use it.
type Key struct {
	store.SigningKey
	Signs    bool
	Verifies bool
	Closed   error // why this process cannot use it; nil when it can
}

// key returns k as a [Key] at an instant.
func (k *signingKey) key(now time.Time) Key {
	return Key{SigningKey: k.SigningKey, Signs: k.signs(), Verifies: k.verifies(now), Closed: k.openErr}
}

// SigningID returns the kid of the access tokens that this service signs, or "" when it cannot
// sign.
func (ks *Keys) SigningID() string {
	if k := ks.access.ring.Load().active; k.signs() {
		return k.ID
	}
	return ""
}

// CanSign returns nil if this process can open the active signing key, otherwise an error with
// [CodeUnavailable].
func (ks *Keys) CanSign() error {
	if !ks.access.ring.Load().active.signs() {
		return errCannotSign
	}
	return nil
}

// Algorithms returns the algorithms (RFC 7518, section 3.1) of the keys whose tokens are accepted
// now or soon, without duplicates.
func (ks *Keys) Algorithms() []string { return ks.access.ring.Load().algorithms(ks.now()) }

// Public returns the public keys of access tokens that are accepted now or soon.
func (ks *Keys) Public() JWKSet { return ks.access.ring.Load().set(ks.now()) }
