package foreign

import (
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// parseArgon2 reads a PHC string of Argon2i or Argon2id (RFC 9106), version 19; m, t
// and p may come in any order. Version 16 computes otherwise, and Argon2d is not for
// passwords that somebody may watch being hashed.
func parseArgon2(algorithm string) func(string, int64) (Hash, error) {
	return func(rest string, maxMemory int64) (Hash, error) {
		if strings.HasPrefix(rest, "m=") { // version 16 is not written
			rest = "v=16$" + rest
		}
		parts, err := split(rest, 4)
		if err != nil {
			return Hash{}, err
		}
		if parts[0] != "v=19" {
			return Hash{}, notRead("of another version of Argon2 than version 19")
		}
		o, err := options(strings.TrimSuffix(parts[1], ",data="), "m", "t", "p")
		if err != nil {
			return Hash{}, err
		}
		m, err := number(o["m"], 8, hardLimit>>10)
		if err != nil {
			return Hash{}, err
		}
		t, err := number(o["t"], 1, 20)
		if err != nil {
			return Hash{}, err
		}
		p, err := number(o["p"], 1, 16)
		if err != nil {
			return Hash{}, err
		}
		if m < 8*p || int64(m)<<10 > maxMemory {
			return Hash{}, ErrBounds
		}
		salt, tag, err := decodePair(parts[2], parts[3])
		if err != nil {
			return Hash{}, err
		}
		if len(salt) < 8 { // RFC 9106, section 3.1
			return Hash{}, ErrBounds
		}
		key := argon2.IDKey
		if algorithm == "argon2i" {
			key = argon2.Key
		}
		return Hash{
			algorithm: algorithm, settings: fmt.Sprintf("m=%d,t=%d,p=%d", m, t, p), memory: int64(m) << 10, effort: int64(m) * int64(t),
			verify: func(password string) bool {
				return equal(key([]byte(password), salt, uint32(t), uint32(m), uint8(p), uint32(len(tag))), tag)
			},
		}, nil
	}
}
