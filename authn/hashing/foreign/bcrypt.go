package foreign

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	bcryptLength   = 60
	bcryptAlphabet = itoa64
	bcryptMemory   = 8 << 10 // Blowfish's tables

	minBcryptCost = 4
	maxBcryptCost = 16 // some five seconds
)

// parseBcrypt reads the rest of a bcrypt hash. The three versions differ in how other
// programs got passwords wrong that ours cannot be: with U+0000, or not in UTF-8.
// All of them go by the first 72 bytes of a password, and so does this.
func parseBcrypt(version string) func(string, int64) (Hash, error) {
	return func(rest string, maxMemory int64) (Hash, error) {
		return bcryptHash(version+rest, maxMemory, func(password string) []byte { return []byte(password) })
	}
}

func bcryptHash(encoded string, maxMemory int64, prepare func(string) []byte) (Hash, error) {
	if len(encoded) != bcryptLength || encoded[6] != '$' || !within(encoded[7:], bcryptAlphabet) {
		return Hash{}, ErrCorrupt
	}
	cost, err := number(strings.TrimPrefix(encoded[4:6], "0"), minBcryptCost, maxBcryptCost)
	if err != nil {
		return Hash{}, err
	}
	if maxMemory < bcryptMemory {
		return Hash{}, ErrBounds
	}
	return Hash{
		algorithm: "bcrypt", settings: fmt.Sprintf("cost=%d", cost), memory: bcryptMemory, effort: 1 << cost,
		verify: func(password string) bool {
			return bcrypt.CompareHashAndPassword([]byte(encoded), prepare(password)) == nil
		},
	}, nil
}

func parseDjangoBcrypt(rest string, maxMemory int64) (Hash, error) {
	for _, version := range []string{"$2a$", "$2b$", "$2y$"} {
		if after, ok := strings.CutPrefix(rest, version); ok {
			return parseBcrypt(version)(after, maxMemory)
		}
	}
	return Hash{}, ErrCorrupt
}

// parseDjangoBcryptSHA256 reads a hash of the password's SHA-256, in hex.
func parseDjangoBcryptSHA256(rest string, maxMemory int64) (Hash, error) {
	if !strings.HasPrefix(rest, "$2a$") && !strings.HasPrefix(rest, "$2b$") && !strings.HasPrefix(rest, "$2y$") {
		return Hash{}, ErrCorrupt
	}
	h, err := bcryptHash(rest, maxMemory, func(password string) []byte {
		sum := sha256.Sum256([]byte(password))
		return []byte(hex.EncodeToString(sum[:]))
	})
	h.algorithm = "bcrypt-sha256"
	return h, err
}
