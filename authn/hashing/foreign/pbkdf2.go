package foreign

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"slices"
	"strings"
)

const (
	minPBKDF2 = 1
	maxPBKDF2 = 10_000_000 // iterations, of all blocks of the tag together: some five seconds
	pbkdf2Mem = 4 << 10
)

// pbkdf2Hash is RFC 8018, section 5.2, with HMAC of a digest. length is that of
// the tag, which could be cut short and still verify.
func pbkdf2Hash(digest, iterations string, salt, tag []byte, length int, maxMemory int64) (Hash, error) {
	n, err := number(iterations, minPBKDF2, maxPBKDF2)
	if err != nil {
		return Hash{}, err
	}
	if len(tag) != length {
		return Hash{}, ErrCorrupt
	}
	if err := checkPair(salt, tag); err != nil {
		return Hash{}, err
	}
	size := newDigest(digest).Size()
	blocks := (len(tag) + size - 1) / size
	if n*blocks > maxPBKDF2 || maxMemory < pbkdf2Mem {
		return Hash{}, ErrBounds
	}
	return Hash{
		algorithm: "pbkdf2-" + digest, settings: fmt.Sprintf("i=%d", n), memory: pbkdf2Mem, effort: int64(n * blocks),
		verify: func(password string) bool {
			key, err := pbkdf2.Key(func() hash.Hash { return newDigest(digest) }, password, salt, n, len(tag))
			return err == nil && equal(key, tag)
		},
	}, nil
}

// isDigest reports whether [newDigest] knows a digest.
func isDigest(name string) bool {
	return slices.Contains([]string{"sha1", "sha224", "sha256", "sha384", "sha512"}, name)
}

func newDigest(name string) hash.Hash {
	switch name {
	case "sha1":
		return sha1.New()
	case "sha224":
		return sha256.New224()
	case "sha256":
		return sha256.New()
	case "sha384":
		return sha512.New384()
	default:
		return sha512.New()
	}
}

// parsePBKDF2 reads passlib's form, and the PHC one, which names its numbers.
func parsePBKDF2(digest string) func(string, int64) (Hash, error) {
	return func(rest string, maxMemory int64) (Hash, error) {
		parts, err := split(rest, 3)
		if err != nil {
			return Hash{}, err
		}
		iterations, length := parts[0], newDigest(digest).Size()
		if strings.Contains(iterations, "=") {
			if !strings.Contains(iterations, ",") { // npm's @phc/pbkdf2
				iterations += fmt.Sprintf(",l=%d", length)
			}
			o, err := options(iterations, "i", "l")
			if err != nil {
				return Hash{}, err
			}
			iterations = o["i"]
			if length, err = number(o["l"], minTag, maxTag); err != nil {
				return Hash{}, err
			}
		} else if !strings.Contains(parts[1]+parts[2], "+") {
			parts[1], parts[2] = strings.ReplaceAll(parts[1], ".", "+"), strings.ReplaceAll(parts[2], ".", "+")
		}
		salt, tag, err := decodePair(parts[1], parts[2])
		if err != nil {
			return Hash{}, err
		}
		return pbkdf2Hash(digest, iterations, salt, tag, length, maxMemory)
	}
}

func parseDjangoPBKDF2(digest string) func(string, int64) (Hash, error) {
	return func(rest string, maxMemory int64) (Hash, error) {
		parts, err := split(rest, 3)
		if err != nil {
			return Hash{}, err
		}
		tag, err := decode(parts[2])
		if err != nil {
			return Hash{}, err
		}
		return pbkdf2Hash(digest, parts[0], []byte(parts[1]), tag, newDigest(digest).Size(), maxMemory)
	}
}
