package authn

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/chacha20poly1305"
)

// The algorithms of access tokens (RFC 7518, section 3.1, and RFC 8037).
const (
	AlgorithmHS256 = "HS256" // the key is the secret's characters
	AlgorithmEdDSA = "EdDSA" // Ed25519
	AlgorithmES256 = "ES256" // P-256
	AlgorithmRS256 = "RS256" // 2,048 bits
)

const rsaBits = 2048

// Algorithms returns every algorithm.
func Algorithms() []string {
	return []string{AlgorithmHS256, AlgorithmEdDSA, AlgorithmES256, AlgorithmRS256}
}

// CheckAlgorithm returns an error, with text for a person, unless name is an algorithm.
func CheckAlgorithm(name string) error {
	if !slices.Contains(Algorithms(), name) {
		return fmt.Errorf("must be %s, not %q", strings.Join(Algorithms(), " or "), name)
	}
	return nil
}

// keySecret is a secret that signs with HS256 and seals private keys.
type keySecret struct {
	id    string
	value string
}

func newKeySecret(value string) keySecret {
	sum := sha256.Sum256([]byte("authctl key id" + value))
	return keySecret{hex.EncodeToString(sum[:8]), value}
}

// generateKey generates a key pair for an asymmetric algorithm.
func generateKey(algorithm string) (crypto.Signer, error) {
	switch algorithm {
	case AlgorithmEdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	case AlgorithmES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case AlgorithmRS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	}
	return nil, fmt.Errorf("no key pair can be made for %q", algorithm)
}

// publicKey parses the public part of a key and checks that it fits the algorithm.
func publicKey(algorithm string, der []byte) (crypto.PublicKey, error) {
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	fits := false
	switch k := key.(type) {
	case ed25519.PublicKey:
		fits = algorithm == AlgorithmEdDSA
	case *ecdsa.PublicKey:
		fits = algorithm == AlgorithmES256 && k.Curve == elliptic.P256()
	case *rsa.PublicKey:
		fits = algorithm == AlgorithmRS256 && k.N.BitLen() >= rsaBits
	}
	if !fits {
		return nil, fmt.Errorf("a %T is not a key for %s", key, algorithm)
	}
	return key, nil
}

// sealer returns functions that encrypt and decrypt private keys with XChaCha20-Poly1305. The key
// is derived from a secret by HKDF (RFC 5869). The ciphertext is bound to the key id and the
// algorithm.
func sealer(secret, id, algorithm string) (seal func([]byte) []byte, open func([]byte) ([]byte, error), err error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "authctl signing key", chacha20poly1305.KeySize)
	if err != nil {
		return nil, nil, err
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, nil, err
	}
	about := []byte(algorithm + " " + id)
	seal = func(plain []byte) []byte {
		nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
		rand.Read(nonce)
		return aead.Seal(nonce, nonce, plain, about)
	}
	open = func(sealed []byte) ([]byte, error) {
		if len(sealed) < aead.NonceSize() {
			return nil, errors.New("it is too short")
		}
		return aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], about)
	}
	return seal, open, nil
}

// sealPrivate encrypts a private key.
func sealPrivate(secret keySecret, id, algorithm string, private crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	seal, _, err := sealer(secret.value, id, algorithm)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	return seal(der), nil
}

// openPrivate is the inverse of sealPrivate.
func openPrivate(secret keySecret, id, algorithm string, sealed []byte) (crypto.Signer, error) {
	_, open, err := sealer(secret.value, id, algorithm)
	if err != nil {
		return nil, err
	}
	der, err := open(sealed)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a %T cannot sign", key)
	}
	return signer, nil
}

// signingMethod returns the signing method of an algorithm, nil for an unknown one.
func signingMethod(algorithm string) jwt.SigningMethod {
	if algorithm == AlgorithmES256 {
		return newES256()
	}
	return jwt.GetSigningMethod(algorithm)
}
