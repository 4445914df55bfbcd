package foreign

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	bcryptLength   = 60
	bcryptAlphabet = itoa64
	bcryptMemory   = 8 << 10 // Blowfish's tables
	bcryptReads    = 72      // bytes of a password; the rest is ignored

	minBcryptCost = 4
	maxBcryptCost = 16 // some five seconds
)

// parseBcrypt reads the rest of a bcrypt hash. The three versions differ in how other
// programs got passwords wrong that ours cannot be: with U+0000, or not in UTF-8.
// All of them go by the first 72 bytes of a password; [Match] tells when there are more.
func parseBcrypt(version string) func(string, int64) (Hash, error) {
	return func(rest string, maxMemory int64) (Hash, error) {
		return bcryptHash(version+rest, maxMemory, bcryptForms)
	}
}

// bcryptForms returns the password, and for a longer one than bcrypt reads also what Symfony
// hashes: base64 of its SHA-512. A password of 72 bytes may be the beginning of a longer one.
func bcryptForms(password string) forms {
	f := forms{{password, len(password) < bcryptReads}}
	if len(password) > bcryptReads {
		sum := sha512.Sum512([]byte(password))
		f = f.add(base64.StdEncoding.EncodeToString(sum[:]), true)
	}
	return f
}

// digestForm returns forms that hash a digest of the password in its place.
func digestForm(digest func(password string) string) func(string) forms {
	return func(password string) forms { return forms{{digest(password), true}} }
}

func bcryptHash(encoded string, maxMemory int64, prepare func(string) forms) (Hash, error) {
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
		forms: prepare,
		verify: func(text string) bool {
			return bcrypt.CompareHashAndPassword([]byte(encoded), []byte(text[:min(len(text), bcryptReads)])) == nil
		},
	}, nil
}

// twoDigits returns a cost as bcrypt spells it.
func twoDigits(cost string) string {
	if len(cost) == 1 {
		return "0" + cost
	}
	return cost
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
	h, err := bcryptHash(rest, maxMemory, digestForm(func(password string) string {
		sum := sha256.Sum256([]byte(password))
		return hex.EncodeToString(sum[:])
	}))
	h.algorithm = "bcrypt-sha256"
	return h, err
}
