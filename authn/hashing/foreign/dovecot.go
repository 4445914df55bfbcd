package foreign

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// parseDovecotPBKDF2 reads SALT$ITERATIONS$HEX: HMAC-SHA-1, and the salt is text.
func parseDovecotPBKDF2(rest string, maxMemory int64) (Hash, error) {
	parts, err := split(rest, 3)
	if err != nil {
		return Hash{}, err
	}
	tag, err := hex.DecodeString(parts[2])
	if err != nil || parts[2] != strings.ToLower(parts[2]) {
		return Hash{}, ErrCorrupt
	}
	return pbkdf2Hash("sha1", parts[1], []byte(parts[0]), tag, 20, maxMemory)
}

// dovecotText decodes a hash whose scheme ends in .HEX, .B64 or .BASE64.
func dovecotText(encoding, text string) (string, error) {
	switch strings.ToUpper(encoding) {
	case "HEX":
		b, err := hex.DecodeString(text)
		if err != nil {
			return "", ErrCorrupt
		}
		return string(b), nil
	case "B64", "BASE64":
		b, err := decode(text)
		return string(b), err
	}
	return "", fmt.Errorf("%w: it is of an encoding that is not supported", ErrUnknown)
}

// parseSCRAM reads ITERATIONS,SALT,STORED,SERVER: the keys of RFC 5802, section 3.
func parseSCRAM(digest, rest string, maxMemory int64) (Hash, error) {
	parts := strings.Split(rest, ",")
	if len(parts) != 4 {
		return Hash{}, ErrCorrupt
	}
	salt, stored, err := decodePair(parts[1], parts[2])
	if err != nil {
		return Hash{}, err
	}
	size := newDigest(digest).Size()
	server, err := decode(parts[3])
	if err != nil || len(server) != size {
		return Hash{}, ErrCorrupt
	}
	n, err := number(parts[0], minPBKDF2, maxPBKDF2)
	if err != nil {
		return Hash{}, err
	}
	if len(stored) != size {
		return Hash{}, ErrCorrupt
	}
	if maxMemory < pbkdf2Mem {
		return Hash{}, ErrBounds
	}
	of := func() hash.Hash { return newDigest(digest) }
	return Hash{
		algorithm: "scram-" + digest, settings: fmt.Sprintf("i=%d", n), memory: pbkdf2Mem, effort: int64(n),
		verify: func(password string) bool {
			salted, err := pbkdf2.Key(of, password, salt, n, size)
			if err != nil {
				return false
			}
			keyed := func(text string) []byte {
				mac := hmac.New(of, salted)
				mac.Write([]byte(text))
				return mac.Sum(nil)
			}
			sum := of()
			sum.Write(keyed("Client Key"))
			return equal(sum.Sum(nil), stored) && equal(keyed("Server Key"), server)
		},
	}, nil
}

// parseAtlassian reads base64 of 16 bytes of salt and 32 of the key: HMAC-SHA-1, 10,000 iterations.
func parseAtlassian(rest string, maxMemory int64) (Hash, error) {
	b, err := decode(rest)
	if err != nil {
		return Hash{}, err
	}
	if len(b) != 16+32 {
		return Hash{}, ErrCorrupt
	}
	return pbkdf2Hash("sha1", "10000", b[:16], b[16:], 32, maxMemory)
}
