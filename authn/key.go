package authn

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/authctl/authctl/store"
)

// JWKSMaxAge is how long others may keep the public keys, and so how long a key is
// published before it signs.
const JWKSMaxAge = 5 * time.Minute

// ErrSecretInUse means that there is no new key to rotate to: the algorithm is HS256 and
// the configured secret is the active key.
var ErrSecretInUse = errors.New("HS256 signs with jwt.secret itself, which is the active key already")

// ErrAnotherNext means that the key that is next is of another algorithm, or of another
// secret, than the configured one: somebody is changing to it, or has given that up.
var ErrAnotherNext = errors.New("the next key is not what is configured here")

// ErrKeyClosed means that this process cannot open the active signing key.
var ErrKeyClosed = errors.New("the active signing key cannot be opened")

// Keys is the keys that access tokens are signed with: those of the database, as far as this
// process has read them, and what it can do with each.
type Keys struct {
	store     store.Store
	rules     *atomic.Pointer[rules] // of the service
	access    *accessTokens
	algorithm string        // that is configured
	staleness time.Duration // how long after a promotion a server may sign with the key before
	now       func() time.Time
	reading   keyReading
}

// Key is a signing key, and what this process can do with it.
type Key struct {
	store.SigningKey
	Signs    bool
	Verifies bool
	Closed   error // why it does not, if it is a matter of this process
}

// key tells of k at an instant.
func (k *signingKey) key(now time.Time) Key {
	return Key{SigningKey: k.SigningKey, Signs: k.signs(), Verifies: k.verifies(now), Closed: k.closed}
}

// SigningID returns the kid of the access tokens that this service signs, or "" when it
// cannot sign.
func (ks *Keys) SigningID() string {
	if k := ks.access.ring.Load().active; k.signs() {
		return k.ID
	}
	return ""
}

// CanSign returns nil while this process can open the active signing key, and else an
// error with [CodeUnavailable].
func (ks *Keys) CanSign() error {
	if !ks.access.ring.Load().active.signs() {
		return errCannotSign
	}
	return nil
}

// Algorithms returns the algorithms (RFC 7518, section 3.1) of the tokens that are
// accepted, and of those that soon will be, each once.
func (ks *Keys) Algorithms() []string { return ks.access.ring.Load().algorithms(ks.now()) }

// Public returns the public keys that access tokens are, or soon will be, signed
// with.
func (ks *Keys) Public() JWKSet { return ks.access.ring.Load().set(ks.now()) }
