package authn

import (
	"crypto/hmac"

	"github.com/golang-jwt/jwt/v5"
)

// hs256 is HS256 with one key, whatever key its methods are given.
type hs256 struct {
	jwt.SigningMethod
	mac *keyedMAC
}

func newHS256(secret string) hs256 {
	return hs256{jwt.SigningMethodHS256, newKeyedMAC([]byte(secret))}
}

func (m hs256) Sign(signed string, _ any) ([]byte, error) {
	sum := sumOf(m.mac, signed)
	return sum[:], nil
}

func (m hs256) Verify(signed string, signature []byte, _ any) error {
	if sum := sumOf(m.mac, signed); !hmac.Equal(sum[:], signature) {
		return jwt.ErrSignatureInvalid
	}
	return nil
}
