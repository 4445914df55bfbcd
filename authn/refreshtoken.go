package authn

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const (
	selectorLength = 16 // bytes; constant for the life of the session
	verifierLength = 32 // bytes; new at each rotation
	tokenLength    = 64 // characters: base64url of both
)

// refreshToken is the secret that the owner of a session holds. The selector identifies the session
// in all of its tokens, old and new. A rotation replaces the verifier, which is random except for
// the step at its end; see [stepKeys].
type refreshToken struct {
	selector [selectorLength]byte
	verifier [verifierLength]byte
}

// newRefreshToken returns a token of a new session, without a step.
func newRefreshToken() refreshToken {
	var t refreshToken
	rand.Read(t.selector[:])
	rand.Read(t.verifier[:])
	return t
}

// next returns another token of t's session, without a step.
func (t refreshToken) next() refreshToken {
	n := refreshToken{selector: t.selector}
	rand.Read(n.verifier[:])
	return n
}

// parseRefreshToken parses a token. It accepts only the canonical form: 64 characters of base64url
// without padding.
func parseRefreshToken(s string) (refreshToken, bool) {
	var t refreshToken
	if len(s) != tokenLength {
		return t, false
	}
	var raw [selectorLength + verifierLength]byte
	n, err := base64.RawURLEncoding.Strict().Decode(raw[:], []byte(s))
	if err != nil || n != len(raw) { // base64 skips line breaks, which leaves fewer bytes
		return t, false
	}
	copy(t.selector[:], raw[:selectorLength])
	copy(t.verifier[:], raw[selectorLength:])
	return t, true
}

// secret returns the token as clients send it.
func (t refreshToken) secret() string {
	text := t.text()
	return string(text[:])
}

func (t refreshToken) text() (text [tokenLength]byte) {
	var raw [selectorLength + verifierLength]byte
	copy(raw[:], t.selector[:])
	copy(raw[selectorLength:], t.verifier[:])
	base64.RawURLEncoding.Encode(text[:], raw[:])
	return text
}

// String keeps tokens out of logs.
func (refreshToken) String() string { return "[redacted]" }

// GoString keeps tokens out of logs.
func (refreshToken) GoString() string { return "[redacted]" }

// hash returns the hex SHA-256 of the token as clients send it. The store has only this hash.
func (t refreshToken) hash() string {
	text := t.text()
	sum := sha256.Sum256(text[:])
	var digits [2 * len(sum)]byte
	hex.Encode(digits[:], sum[:])
	return string(digits[:])
}

// sessionID derives the session's id from the selector by a hash. So a session id, from a list or a
// log, is not enough to make a token that names that session.
func (t refreshToken) sessionID() uuid.UUID {
	const context = "authctl session"
	var message [len(context) + selectorLength]byte
	copy(message[:], context)
	copy(message[len(context):], t.selector[:])
	sum := sha256.Sum256(message[:])
	return hashUUID(sum[:])
}

// hashUUID returns the UUIDv8 (RFC 9562, section 5.8) made of the first 16 bytes of a hash.
func hashUUID(hash []byte) uuid.UUID {
	id := uuid.UUID(hash[:16])
	id[6] = id[6]&0x0f | 0x80 // version 8
	id[8] = id[8]&0x3f | 0x80 // variant RFC 9562
	return id
}

// seal encrypts next's verifier so that only a holder of t can open it: XOR with a pad derived from
// t and from next's hash. A database that loses a rotation lets a token be rotated twice; each
// rotation then has another pad.
func (t refreshToken) seal(next refreshToken, hash string) []byte {
	sealed := t.pad(hash)
	subtle.XORBytes(sealed[:], sealed[:], next.verifier[:])
	return sealed[:]
}

// open returns the newest successor of t. t opens the first of sealed, and each opened token opens
// the next. It reports false unless each token has its stored hash, which proves that nobody has
// tampered with the chain.
func (t refreshToken) open(sealed []store.Sealed) (refreshToken, bool) {
	for _, s := range sealed {
		next, ok := t.openWith(s, t.pad(s.TokenHash))
		if !ok {
			next, ok = t.openWith(s, t.unboundPad())
		}
		if !ok {
			return refreshToken{}, false
		}
		t = next
	}
	return t, len(sealed) > 0
}

func (t refreshToken) openWith(s store.Sealed, pad [sha256.Size]byte) (refreshToken, bool) {
	if len(s.Verifier) != verifierLength {
		return refreshToken{}, false
	}
	next := t
	subtle.XORBytes(next.verifier[:], []byte(s.Verifier), pad[:])
	return next, subtle.ConstantTimeCompare([]byte(next.hash()), []byte(s.TokenHash)) == 1
}

func (t refreshToken) pad(successorHash string) [sha256.Size]byte {
	return t.mac("authctl bound successor", successorHash)
}

// unboundPad returns the pad of older releases, whose servers may still run.
func (t refreshToken) unboundPad() [sha256.Size]byte { return t.mac("authctl successor", "") }

// mac returns the HMAC-SHA256 of purpose and message with the token as key. It allocates nothing,
// because the key is one block of the hash (RFC 2104, section 2), and the message is short.
func (t refreshToken) mac(purpose, message string) [sha256.Size]byte {
	const room = 3 * sha256.BlockSize // for the key, a purpose and a hash
	key := t.text()
	inner, outer := make([]byte, 0, room), make([]byte, 0, sha256.BlockSize+sha256.Size)
	for _, b := range key {
		inner, outer = append(inner, b^0x36), append(outer, b^0x5c)
	}
	sum := sha256.Sum256(append(append(inner, purpose...), message...))
	return sha256.Sum256(append(outer, sum[:]...))
}
