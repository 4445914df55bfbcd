package authn

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"time"
)

// The last bytes of a verifier tell which of its session's tokens it is, so that one that
// the database has lost is not taken for one that was replaced. The 20 bytes before them
// are random.
const (
	stepAt  = 20 // five bytes, big-endian
	stampAt = 25 // seven bytes: what proves the step, and where it belongs
	maxStep = 1<<40 - 1
)

// stepKeys are the keys that steps are proven with, the one for new tokens first. Only the
// servers have them: who holds an old token must not be able to make a newer one of it.
type stepKeys [][]byte

// newStepKeys derives a key from each secret by HKDF (RFC 5869).
func newStepKeys(secrets []keySecret) (stepKeys, error) {
	var keys stepKeys
	for _, s := range secrets {
		key, err := hkdf.Key(sha256.New, []byte(s.value), nil, "authctl refresh token step", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("derive the key of refresh tokens' steps: %w", err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// firstStep is the step of a session's first token, or of the first after one whose step
// cannot be read: the time in seconds, so that it is beyond those that the session had.
func firstStep(now time.Time) int64 { return max(now.Unix(), 1) }

// mark returns t with a step.
func (k stepKeys) mark(t refreshToken, step int64) refreshToken {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(min(step, maxStep)))
	copy(t.verifier[stepAt:stampAt], b[3:])
	copy(t.verifier[stampAt:], stamp(k[0], t))
	return t
}

// read returns the step of t, 0 when it has none that one of the keys proves: it is from a
// release without steps, of a secret that is not configured any more, or made up.
func (k stepKeys) read(t refreshToken) int64 {
	for _, key := range k {
		if subtle.ConstantTimeCompare(stamp(key, t)[:verifierLength-stampAt], t.verifier[stampAt:]) == 1 {
			var b [8]byte
			copy(b[3:], t.verifier[stepAt:stampAt])
			return int64(binary.BigEndian.Uint64(b[:]))
		}
	}
	return 0
}

// stamp authenticates the step together with the rest of the token.
func stamp(key []byte, t refreshToken) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(t.selector[:])
	mac.Write(t.verifier[:stampAt])
	return mac.Sum(nil)
}
