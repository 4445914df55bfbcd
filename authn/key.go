package authn

import (
	"errors"
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

// KeyID returns the kid of the access tokens that this service signs, or "" when it
// cannot sign.
func (s *Service) KeyID() string {
	if k := s.access.ring.Load().active; k.signs() {
		return k.ID
	}
	return ""
}

// Issuer returns the iss of every access token.
func (s *Service) Issuer() string { return s.access.issuer }

// CanSign returns nil while this process can open the active signing key, and else an
// error with [CodeUnavailable].
func (s *Service) CanSign() error {
	if !s.access.ring.Load().active.signs() {
		return errCannotSign
	}
	return nil
}

// VerifyingAlgorithms returns the algorithms (RFC 7518, section 3.1) of the tokens that are
// accepted, and of those that soon will be, each once.
func (s *Service) VerifyingAlgorithms() []string { return s.access.ring.Load().algorithms(s.now()) }

// PublicKeys returns the public keys that access tokens are, or soon will be, signed
// with.
func (s *Service) PublicKeys() JWKSet { return s.access.ring.Load().set(s.now()) }
