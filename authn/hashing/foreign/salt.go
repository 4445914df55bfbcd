package foreign

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

const (
	payloadPrefix  = "pbkdf2-sha256-v1:"
	payloadV1      = "600000" // iterations
	passportLocal  = "25000"  // iterations
	passportDigits = 1024     // hexadecimal digits of a tag of 512 bytes
	splitTag       = 32       // bytes of a tag that are kept
)

// Join returns one encoded hash for a hash whose salt has a field of its own. The salts are text. It knows
// Payload's hashes, and those of passport-local-mongoose, which Payload made before. Of their 512 bytes it
// keeps the first block, which is enough to verify a password. A hash that has its salt in itself is
// returned as it is. It fails with [ErrUnknown] or [ErrCorrupt].
func Join(encoded, salt string) (string, error) {
	digits, v1 := strings.CutPrefix(encoded, payloadPrefix)
	iterations := payloadV1
	switch {
	case salt == "" && (v1 || len(encoded) == passportDigits && isHex(encoded)):
		return "", wrap(fmt.Errorf("%w: its salt is in a field of its own, password_salt", ErrCorrupt))
	case !v1 && (salt == "" || knows(encoded)):
		return encoded, nil
	case !v1 && len(encoded) == passportDigits && isHex(encoded):
		iterations = passportLocal
	case !v1:
		return "", wrap(fmt.Errorf("%w: nor is it known how its salt belongs to it", ErrUnknown))
	}
	tag, err := hex.DecodeString(digits)
	if err != nil || len(tag) < splitTag || v1 && len(tag) != splitTag {
		return "", wrap(ErrCorrupt)
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$pbkdf2-sha256$i=%s,l=%d$%s$%s", iterations, splitTag, b64.EncodeToString([]byte(salt)), b64.EncodeToString(tag[:splitTag])), nil
}

// knows reports whether a hash can be read without a salt from elsewhere.
func knows(encoded string) bool {
	_, err := Parse(encoded, hardLimit)
	return err == nil
}
