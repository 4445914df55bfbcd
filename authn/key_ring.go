package authn

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/authctl/authctl/store"
)

// keyring is the signing keys at one moment. It is immutable.
type keyring struct {
	keys     []*signingKey          // oldest first
	byHeader map[string]*signingKey // by encoded token header
	active   *signingKey            // nil when there is none
}

// signingKey is one key of a keyring, opened as far as this process can.
type signingKey struct {
	store.SigningKey
	headers [tokenTypes]string // the encoded headers of its tokens, with the dot, by their type
	method  jwt.SigningMethod
	private any   // nil when it cannot sign
	public  any   // nil when it cannot verify
	openErr error // why private or public is missing
	seen    *seenTokens
}

// signs reports whether this process can sign with the key. k may be nil.
func (k *signingKey) signs() bool { return k != nil && k.private != nil }

// over reports whether every token that the key signed has expired at an instant.
func (k *signingKey) over(now time.Time) bool {
	return !k.VerifyUntil.IsZero() && !now.Before(k.VerifyUntil)
}

// verifies reports whether tokens signed with k are accepted here at now.
func (k *signingKey) verifies(now time.Time) bool { return k.public != nil && !k.over(now) }

// newKeyring opens the keys that the secrets can open. A key that was open in before stays open,
// even if it has been resealed since. before may be nil.
func newKeyring(rows []store.SigningKey, secrets []keySecret, before *keyring) *keyring {
	r := &keyring{byHeader: map[string]*signingKey{}}
	for _, row := range rows {
		k := &signingKey{SigningKey: row, method: signingMethod(row.Algorithm), headers: tokenHeaders(row.Algorithm, row.ID)}
		if was := before.find(row.ID); was != nil && was.Algorithm == row.Algorithm && was.openErr == nil {
			k.method, k.private, k.public, k.seen = was.method, was.private, was.public, was.seen
		} else {
			k.seen = new(seenTokens)
			k.open(secrets)
		}
		r.keys = append(r.keys, k)
		for _, header := range k.headers {
			r.byHeader[header] = k
		}
		if k.State == store.KeyActive {
			r.active = k
		}
	}
	return r
}

// rows returns the keys as they were read.
func (r *keyring) rows() []store.SigningKey {
	var rows []store.SigningKey
	for _, k := range r.keys {
		rows = append(rows, k.SigningKey)
	}
	return rows
}

func (r *keyring) find(id string) *signingKey {
	if r == nil {
		return nil
	}
	for _, k := range r.keys {
		if k.ID == id {
			return k
		}
	}
	return nil
}

var errNoSuchSecret = errors.New("the jwt.secret that sealed it is not configured")

func (k *signingKey) open(secrets []keySecret) {
	if k.method == nil {
		k.openErr = fmt.Errorf("this version knows no algorithm %q", k.Algorithm)
		return
	}
	if k.Algorithm == AlgorithmHS256 {
		k.openErr = errNoSuchSecret
		for _, s := range secrets {
			if s.id == k.ID {
				k.private, k.public, k.openErr = []byte(s.value), []byte(s.value), nil
				k.method = newHS256(s.value)
			}
		}
		return
	}
	if k.public, k.openErr = publicKey(k.Algorithm, k.Public); k.openErr != nil {
		k.public = nil
		return
	}
	k.openErr = errNoSuchSecret
	for _, s := range secrets {
		if s.id == k.SealedBy {
			var private crypto.Signer
			if private, k.openErr = openPrivate(s, k.ID, k.Algorithm, k.Sealed); k.openErr == nil {
				k.private = private
			}
		}
	}
}

// held returns the ids of the keys that this process can sign with.
func (r *keyring) held() string {
	var ids []string
	for _, k := range r.keys {
		if k.signs() {
			ids = append(ids, k.ID)
		}
	}
	return strings.Join(ids, " ")
}

// set returns the public keys that verify at an instant, and that of the next key.
func (r *keyring) set(now time.Time) JWKSet {
	set := JWKSet{Keys: []JWK{}}
	for _, k := range r.keys {
		if k.Algorithm == AlgorithmHS256 || !k.verifies(now) {
			continue
		}
		if j, err := newJWK(k.ID, k.Algorithm, k.public); err == nil {
			set.Keys = append(set.Keys, j)
		}
	}
	return set
}

// algorithms returns the algorithms of the keys that verify at an instant, and that of the next
// key.
func (r *keyring) algorithms(now time.Time) []string {
	found := []string{}
	for _, k := range r.keys {
		if k.verifies(now) && !slices.Contains(found, k.Algorithm) {
			found = append(found, k.Algorithm)
		}
	}
	slices.Sort(found)
	return found
}

// secretKey returns the row of a secret that serves as key of HS256.
func secretKey(s keySecret, now time.Time) store.SigningKey {
	return store.SigningKey{ID: s.id, Algorithm: AlgorithmHS256, State: store.KeyNext, CreatedAt: now}
}

// freshKey generates a key pair and seals its private part with the secret. Its id does not begin
// with a dash, which a command line would take for a flag.
func freshKey(algorithm string, s keySecret, now time.Time) (store.SigningKey, error) {
	for {
		key, err := anyKey(algorithm, s, now)
		if err != nil || !strings.HasPrefix(key.ID, "-") {
			return key, err
		}
	}
}

func anyKey(algorithm string, s keySecret, now time.Time) (store.SigningKey, error) {
	private, err := generateKey(algorithm)
	if err != nil {
		return store.SigningKey{}, err
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return store.SigningKey{}, err
	}
	j, err := newJWK("", algorithm, private.Public())
	if err != nil {
		return store.SigningKey{}, err
	}
	id := j.thumbprint()
	sealed, err := sealPrivate(s, id, algorithm, private)
	if err != nil {
		return store.SigningKey{}, err
	}
	return store.SigningKey{ID: id, Algorithm: algorithm, State: store.KeyNext, Public: public, Sealed: sealed, SealedBy: s.id, CreatedAt: now}, nil
}
