package foreign

import (
	"fmt"
	"strings"
)

// tooWeak returns [ErrWeak] with its reason.
func tooWeak(why string) error {
	return fmt.Errorf("%w: it is %s; import the user without it, and have the user reset the password by mail", ErrWeak, why)
}

// The reasons for which a format is refused.
const (
	weakOneRound = "one round of a fast hash, which can be guessed billions of times a second"
	weakLooks    = "hexadecimal digits alone, as of " + weakOneRound
	weakMD5Crypt = "MD5-crypt, which can be guessed a hundred million times a second"
	weakDES      = "crypt(3) with DES, which reads eight characters and can be guessed billions of times a second"
	weakPlain    = "the password itself"
	weakLanMan   = "a hash of Windows, which can be guessed billions of times a second"
)

// weakPrefixes are the formats that are refused, by the text that they begin with.
func weakPrefixes() []struct{ prefix, why string } {
	return []struct{ prefix, why string }{
		{"$1$", weakMD5Crypt}, {"$apr1$", weakMD5Crypt}, {"$md5-crypt$", weakMD5Crypt}, {"$md5", "Sun's MD5-crypt, which is made of MD5"},
		{"$sha1$", "crypt(3) with SHA-1, which is not supported"}, {"$3$", weakLanMan}, {"_", weakDES},
		{"$sha256$", weakOneRound}, {"$sha512$", weakOneRound}, {"$sha-", weakOneRound}, {"$ssha", weakOneRound}, {"$hmac", weakOneRound},
		{"md5$", weakOneRound}, {"sha1$", weakOneRound}, {"sha256$", weakOneRound}, {"sha512$", weakOneRound}, {"unsalted_", weakOneRound},
		{":A:", weakOneRound}, {":B:", weakOneRound}, {"plain$", weakPlain},
	}
}

// weakness returns why a hash is refused, "" when it has no format that is known.
func weakness(encoded string) string {
	for _, weak := range weakPrefixes() {
		if strings.HasPrefix(encoded, weak.prefix) && (weak.prefix != "_" || isDES(encoded)) {
			return weak.why
		}
	}
	switch {
	case isDES(encoded):
		return weakDES
	case isHex(encoded) && (len(encoded) == 32 || len(encoded) == 40 || len(encoded) == 64 || len(encoded) == 128):
		return weakLooks
	case len(encoded) == 41 && encoded[0] == '*' && isHex(encoded[1:]): // MySQL
		return weakOneRound
	}
	return ""
}

// isDES reports whether a text looks like crypt(3) with DES: two characters of salt and eleven of the
// hash, or BSDi's form with an underscore.
func isDES(s string) bool {
	return len(s) == 13 && within(s, itoa64) || len(s) == 20 && s[0] == '_' && within(s[1:], itoa64)
}

func isHex(s string) bool { return s != "" && within(s, "0123456789abcdefABCDEF") }
