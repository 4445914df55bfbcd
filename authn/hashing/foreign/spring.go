package foreign

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// parsePBKDF2Scheme reads {PBKDF2}: Spring's is in hexadecimal digits, Dovecot's begins with its
// version, and OpenLDAP's and passlib's are the rest.
func parsePBKDF2Scheme(scheme, rest string, maxMemory int64) (Hash, error) {
	if after, ok := strings.CutPrefix(rest, "$1$"); ok {
		return parseDovecotPBKDF2(after, maxMemory)
	}
	if isHex(rest) && !strings.Contains(rest, "$") {
		return parseSpringPBKDF2(scheme, rest, maxMemory)
	}
	return parsePBKDF2("sha1")(rest, maxMemory)
}

// parseSpringPBKDF2 reads Pbkdf2PasswordEncoder's defaults: salt and key of 32 bytes. Those of version
// 5.5, which {pbkdf2} stands for, are HMAC-SHA-1, 185,000 iterations and 8 bytes of salt.
func parseSpringPBKDF2(scheme, digits string, maxMemory int64) (Hash, error) {
	digest, iterations, salt := "sha1", "185000", 8
	if strings.HasSuffix(scheme, "@SpringSecurity_v5_8") {
		digest, iterations, salt = "sha256", "310000", 16
	}
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) != salt+32 || digits != strings.ToLower(digits) {
		return Hash{}, ErrCorrupt
	}
	return pbkdf2Hash(digest, iterations, b[:salt], b[salt:], 32, maxMemory)
}

// isSpringScrypt recognizes $PARAMETERS$SALT$KEY: the parameters are at least five hexadecimal digits.
func isSpringScrypt(encoded string) bool {
	after, ok := strings.CutPrefix(encoded, "$")
	parameters, _, more := strings.Cut(after, "$")
	return ok && more && len(parameters) >= 5 && len(parameters) <= 6 && isHex(parameters)
}

// parseSpringScrypt reads SCryptPasswordEncoder's form: log2(N), then r and p, a byte each.
func parseSpringScrypt(encoded string, maxMemory int64) (Hash, error) {
	parts, err := split(encoded[1:], 3)
	if err != nil {
		return Hash{}, err
	}
	n, err := strconv.ParseUint(parts[0], 16, 24)
	if err != nil || strconv.FormatUint(n, 16) != parts[0] {
		return Hash{}, ErrCorrupt
	}
	text := func(v uint64) string { return strconv.FormatUint(v, 10) }
	c, err := newScryptCost(logN, text(n>>16), text(n>>8&0xff), text(n&0xff), maxMemory)
	if err != nil {
		return Hash{}, err
	}
	salt, tag, err := decodePair(parts[1], parts[2])
	if err != nil {
		return Hash{}, err
	}
	if len(tag) < 32 { // which could be cut short and still verify
		return Hash{}, ErrCorrupt
	}
	return c.hash(salt, tag)
}
