package foreign

import (
	"crypto/aes"
	"crypto/cipher"
	"strings"
)

const (
	maxSignerKey = 256 // bytes
	firebaseKey  = 32  // bytes, for AES-256
)

// firebaseHash is Firebase Authentication's own scrypt: what scrypt derives from the
// password, and from the salt with a separator behind it, encrypts the project's signer
// key (github.com/firebase/scrypt).
func firebaseHash(c scryptCost, salt, tag, separator, signerKey string) (Hash, error) {
	var parts [4][]byte
	for i, s := range []string{salt, tag, separator, signerKey} {
		var err error
		if parts[i], err = decode(s); err != nil {
			return Hash{}, err
		}
	}
	salted := append(parts[0], parts[2]...)
	want, key := parts[1], parts[3]
	if len(parts[0]) < minSalt || len(key) < minTag || len(key) > maxSignerKey || len(want) != len(key) {
		return Hash{}, ErrBounds
	}
	return Hash{
		algorithm: "firebase-scrypt", settings: c.String(), memory: c.memory(), effort: c.effort(),
		verify: func(password string) bool {
			block, err := aes.NewCipher(c.key(password, salted, firebaseKey))
			if err != nil {
				return false
			}
			got := make([]byte, len(key))
			cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(got, key)
			return equal(got, want)
		},
	}, nil
}

func parseGoTrueFirebase(rest string, maxMemory int64) (Hash, error) {
	parts, err := split(rest, 3)
	if err != nil {
		return Hash{}, err
	}
	o, err := options(parts[0], "v", "n", "r", "p", "ss", "sk")
	if err != nil || o["v"] != "1" {
		return Hash{}, ErrCorrupt
	}
	c, err := newScryptCost(logN, o["n"], o["r"], o["p"], maxMemory)
	if err != nil {
		return Hash{}, err
	}
	return firebaseHash(c, parts[1], parts[2], o["ss"], o["sk"])
}

func parseKratosFirebase(rest string, maxMemory int64) (Hash, error) {
	parts, err := split(rest, 5)
	if err != nil {
		return Hash{}, err
	}
	o, err := options(strings.TrimSpace(parts[0]), "ln", "r", "p")
	if err != nil {
		return Hash{}, err
	}
	c, err := newScryptCost(logN, o["ln"], o["r"], o["p"], maxMemory)
	if err != nil {
		return Hash{}, err
	}
	return firebaseHash(c, parts[1], parts[2], parts[3], parts[4])
}
