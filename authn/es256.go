package authn

import (
	"crypto/elliptic"
	"math/big"

	"github.com/golang-jwt/jwt/v5"
)

// es256 is ES256 without malleable signatures. ECDSA accepts both s and n - s. es256 signs with the
// smaller and accepts no other.
type es256 struct {
	jwt.SigningMethod
	order, half *big.Int // n, and n/2
}

func newES256() es256 {
	n := elliptic.P256().Params().N
	return es256{jwt.SigningMethodES256, n, new(big.Int).Rsh(n, 1)}
}

func (m es256) Sign(signed string, key any) ([]byte, error) {
	signature, err := m.SigningMethod.Sign(signed, key)
	if err != nil {
		return nil, err
	}
	if s := m.s(signature); s.Cmp(m.half) > 0 {
		s.Sub(m.order, s).FillBytes(signature[len(signature)/2:])
	}
	return signature, nil
}

func (m es256) Verify(signed string, signature []byte, key any) error {
	if m.s(signature).Cmp(m.half) > 0 {
		return jwt.ErrECDSAVerification
	}
	return m.SigningMethod.Verify(signed, signature, key)
}

// s returns the second half of a signature as a number.
func (m es256) s(signature []byte) *big.Int {
	return new(big.Int).SetBytes(signature[len(signature)/2:])
}
