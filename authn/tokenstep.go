package authn

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"time"
)

// The last bytes of a verifier hold the token's step, its number among the session's tokens.
// So a token that the database has lost is not mistaken for one that was replaced. The 20
// bytes before them are random.
const (
	stepAt  = 20 // five bytes, big-endian
	stampAt = 25 // seven bytes: a MAC of the step and the rest of the token
	maxStep = 1<<40 - 1
)

// stepKeys is the MAC keys of steps, with the key for new tokens first. Only servers have them: the
// holder of an old token must not be able to make a newer one from it.
type stepKeys []*keyedMAC

// newStepKeys derives a key from each secret by HKDF (RFC 5869).
func newStepKeys(secrets []keySecret) (stepKeys, error) {
	var keys stepKeys
	for _, s := range secrets {
		key, err := hkdf.Key(sha256.New, []byte(s.value), nil, "authctl refresh token step", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("derive the key of refresh tokens' steps: %w", err)
		}
		keys = append(keys, newKeyedMAC(key))
	}
	return keys, nil
}

// firstStep returns the step of a session's first token, or of the token after one whose step
// cannot be read. It is the time in seconds, so that it is greater than all earlier steps of the
// session.
func firstStep(now time.Time) int64 { return max(now.Unix(), 1) }

// mark returns t with a step and its MAC.
func (k stepKeys) mark(t refreshToken, step int64) refreshToken {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(min(step, maxStep)))
	copy(t.verifier[stepAt:stampAt], b[3:])
	mac := stamp(k[0], t)
	copy(t.verifier[stampAt:], mac[:])
	return t
}

// read returns the step of t, 0 when no key proves one. Such a token is forged, or from a release
// without steps, or its secret is no longer configured.
func (k stepKeys) read(t refreshToken) int64 {
	for _, key := range k {
		mac := stamp(key, t)
		if subtle.ConstantTimeCompare(mac[:verifierLength-stampAt], t.verifier[stampAt:]) == 1 {
			var b [8]byte
			copy(b[3:], t.verifier[stepAt:stampAt])
			return int64(binary.BigEndian.Uint64(b[:]))
		}
	}
	return 0
}

// stamp returns the MAC of the step together with the rest of the token.
func stamp(key *keyedMAC, t refreshToken) [sha256.Size]byte {
	var message [selectorLength + stampAt]byte
	copy(message[:], t.selector[:])
	copy(message[selectorLength:], t.verifier[:stampAt])
	return sumOf(key, message[:])
}
