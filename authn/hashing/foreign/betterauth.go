package foreign

import (
	"encoding/hex"
	"strings"

	"golang.org/x/text/unicode/norm"
)

const (
	betterAuthTag  = 64 // bytes
	betterAuthSalt = 32 // hexadecimal digits
	maxLuciaSalt   = 64 // bytes
	oldLuciaSalt   = 16 // letters and digits
)

// betterAuthCost is the cost of better-auth and Lucia, which is not in the hash.
func betterAuthCost() scryptCost { return scryptCost{n: 16384, r: 16, p: 1} }

// isBetterAuth recognizes SALT:TAG, both in hexadecimal digits.
func isBetterAuth(encoded string) bool {
	salt, tag, ok := strings.Cut(encoded, ":")
	return ok && len(salt) == betterAuthSalt && len(tag) == 2*betterAuthTag && isHex(salt) && isHex(tag)
}

// parseBetterAuth reads the hashes of better-auth and of Lucia 3. The salt is its digits as text, and
// the password in NFKC.
func parseBetterAuth(encoded string, maxMemory int64) (Hash, error) {
	salt, tag, _ := strings.Cut(encoded, ":")
	return nfkcScrypt(betterAuthCost(), salt, tag, maxMemory)
}

// isOldLucia recognizes SALT:TAG with a salt of letters and digits.
func isOldLucia(encoded string) bool {
	salt, tag, ok := strings.Cut(encoded, ":")
	return ok && len(salt) == oldLuciaSalt && within(salt, itoa64[2:]) && len(tag) == 2*betterAuthTag && isHex(tag)
}

// parseOldLucia reads the hashes of Lucia's first beta versions, which Lucia 1 and 2 take too: r is 8.
func parseOldLucia(encoded string, maxMemory int64) (Hash, error) {
	salt, tag, _ := strings.Cut(encoded, ":")
	return nfkcScrypt(scryptCost{n: 16384, r: 8, p: 1}, salt, tag, maxMemory)
}

// parseLucia reads the hashes of Lucia 2, whose salts are letters and digits.
func parseLucia(rest string, maxMemory int64) (Hash, error) {
	salt, tag, ok := strings.Cut(rest, ":")
	if !ok || len(tag) != 2*betterAuthTag || len(salt) > maxLuciaSalt {
		return Hash{}, ErrCorrupt
	}
	return nfkcScrypt(betterAuthCost(), salt, tag, maxMemory)
}

func nfkcScrypt(c scryptCost, salt, tag string, maxMemory int64) (Hash, error) {
	key, err := hex.DecodeString(tag)
	if err != nil {
		return Hash{}, ErrCorrupt
	}
	if c.memory() > maxMemory {
		return Hash{}, ErrBounds
	}
	h, err := c.hash([]byte(salt), key)
	h.algorithm = "nfkc-scrypt"
	h.normal = func(p Password) []string { return []string{norm.NFKC.String(p.Typed)} }
	return h, err
}
