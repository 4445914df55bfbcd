package authn

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
)

// JWKSet is the public keys that verify access tokens (RFC 7517, section 5).
type JWKSet struct {
	Keys []JWK `json:"keys"`
}

// JWK is a public key (RFC 7517; members of RFC 7518, section 6, and RFC 8037).
type JWK struct {
	KeyID     string `json:"kid"`
	Type      string `json:"kty"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
	Curve     string `json:"crv,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
	Modulus   string `json:"n,omitempty"`
	Exponent  string `json:"e,omitempty"`
}

func newJWK(id, algorithm string, public crypto.PublicKey) (JWK, error) {
	b64 := base64.RawURLEncoding.EncodeToString
	j := JWK{KeyID: id, Algorithm: algorithm, Use: "sig"}
	switch k := public.(type) {
	case ed25519.PublicKey:
		j.Type, j.Curve, j.X = "OKP", "Ed25519", b64(k)
	case *ecdsa.PublicKey:
		point, err := k.Bytes() // 4, X, Y
		if err != nil {
			return j, err
		}
		half := len(point) / 2
		j.Type, j.Curve, j.X, j.Y = "EC", "P-256", b64(point[1:1+half]), b64(point[1+half:])
	case *rsa.PublicKey:
		j.Type, j.Modulus, j.Exponent = "RSA", b64(k.N.Bytes()), b64(big.NewInt(int64(k.E)).Bytes())
	default:
		return j, fmt.Errorf("a %T is in no JWK", public)
	}
	return j, nil
}

// thumbprint returns the SHA-256 of the required members (RFC 7638).
func (j JWK) thumbprint() string {
	var members string
	switch j.Type {
	case "OKP":
		members = fmt.Sprintf(`{"crv":%q,"kty":%q,"x":%q}`, j.Curve, j.Type, j.X)
	case "EC":
		members = fmt.Sprintf(`{"crv":%q,"kty":%q,"x":%q,"y":%q}`, j.Curve, j.Type, j.X, j.Y)
	case "RSA":
		members = fmt.Sprintf(`{"e":%q,"kty":%q,"n":%q}`, j.Exponent, j.Type, j.Modulus)
	}
	sum := sha256.Sum256([]byte(members))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
