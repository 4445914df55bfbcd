package foreign

import (
	"encoding/hex"
	"strings"
)

// parseWerkzeugPBKDF2 reads pbkdf2:DIGEST:ITERATIONS$SALT$HEX of Werkzeug, which Flask uses.
func parseWerkzeugPBKDF2(rest string, maxMemory int64) (Hash, error) {
	method, salt, tag, err := werkzeug(rest, 2)
	if err != nil {
		return Hash{}, err
	}
	if !isDigest(method[0]) {
		return Hash{}, ErrUnknown
	}
	return pbkdf2Hash(method[0], method[1], salt, tag, newDigest(method[0]).Size(), maxMemory)
}

// parseWerkzeugScrypt reads scrypt:N:R:P$SALT$HEX.
func parseWerkzeugScrypt(rest string, maxMemory int64) (Hash, error) {
	method, salt, tag, err := werkzeug(rest, 3)
	if err != nil {
		return Hash{}, err
	}
	c, err := newScryptCost(plainN, method[0], method[1], method[2], maxMemory)
	if err != nil {
		return Hash{}, err
	}
	if len(tag) != djangoScryptTag {
		return Hash{}, ErrCorrupt
	}
	return c.hash(salt, tag)
}

// werkzeug cuts a hash into its method, with n numbers and names, its salt, which is text, and its tag.
func werkzeug(rest string, n int) (method []string, salt, tag []byte, err error) {
	parts, err := split(rest, 3)
	if err != nil {
		return nil, nil, nil, err
	}
	if method = strings.Split(parts[0], ":"); len(method) != n {
		return nil, nil, nil, ErrCorrupt
	}
	if tag, err = hex.DecodeString(parts[2]); err != nil || parts[2] != strings.ToLower(parts[2]) {
		return nil, nil, nil, ErrCorrupt
	}
	return method, []byte(parts[1]), tag, nil
}
