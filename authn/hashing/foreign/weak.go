package foreign

import (
	"encoding/base64"
	"fmt"
	"slices"
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
	weakBase64   = "a digest in base64 alone, as of " + weakOneRound
	weakSalted   = "hexadecimal digits with a salt beside them, as of " + weakOneRound
	weakMD5Crypt = "MD5-crypt, which can be guessed a hundred million times a second"
	weakDES      = "crypt(3) with DES, which reads eight characters and can be guessed billions of times a second"
	weakPlain    = "the password itself"
	weakLanMan   = "a hash of Windows, which can be guessed billions of times a second"
)

// weakPrefixes are the formats that are refused, by the text that they begin with.
func weakPrefixes() []struct{ prefix, why string } {
	return []struct{ prefix, why string }{
		{"$1$", weakMD5Crypt}, {"$apr1$", weakMD5Crypt}, {"$md5-crypt$", weakMD5Crypt}, {"$md5", "Sun's MD5-crypt, which is made of MD5"},
		{"$3$", weakLanMan}, {"_", weakDES},
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
	case isHex(encoded) && slices.Contains([]int{32, 40, 56, 64, 96, 128}, len(encoded)):
		return weakLooks
	case isMD5OrSHA1(encoded):
		return weakBase64
	case besideSalt(encoded):
		return weakSalted
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

// isMD5OrSHA1 reports whether a text is the base64 of 16 or 20 bytes, with padding.
func isMD5OrSHA1(s string) bool {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	return err == nil && (len(b) == 16 || len(b) == 20) && strings.HasSuffix(s, "=")
}

// besideSalt reports whether a text is the digits of MD5 or SHA-1, a colon and a salt, or the salt first. Longer
// digits may be those of a slow hash.
func besideSalt(s string) bool {
	left, right, ok := strings.Cut(s, ":")
	digits := func(s string) bool { return isHex(s) && (len(s) == 32 || len(s) == 40) }
	return ok && (digits(left) && len(right) <= 64 || digits(right) && len(left) <= 64)
}
