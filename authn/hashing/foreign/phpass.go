package foreign

import (
	"crypto/md5"
	"fmt"
	"strings"
)

const (
	minPHPass    = 7  // as the library has it
	maxPHPass    = 20 // log2 of the rounds
	phpassLength = 1 + 8 + 22
	maxPHPassKey = 4096 // bytes of a password
	phpassMemory = 8 << 10
)

// parsePHPass reads the portable hashes of Openwall's phpass: salted MD5, again and
// again. WordPress makes those that begin with $P$, and trims the password.
func parsePHPass(prefix string) func(string, int64) (Hash, error) {
	return func(rest string, maxMemory int64) (Hash, error) {
		if len(rest) != phpassLength || !within(rest[1:9], itoa64) || !within(rest[9:], itoa64) || maxMemory < phpassMemory {
			return Hash{}, ErrCorrupt
		}
		log := strings.IndexByte(itoa64, rest[0])
		if log < minPHPass || log > maxPHPass {
			return Hash{}, ErrBounds
		}
		salt, tag := rest[1:9], rest[9:]
		h := Hash{
			algorithm: "phpass", settings: fmt.Sprintf("rounds=%d", 1<<log), memory: phpassMemory, effort: 1 << log,
			verify: func(password string) bool {
				got := phpass(password[:min(len(password), maxPHPassKey)], salt, 1<<log)
				return equal(got, []byte(tag)) && len(password) <= maxPHPassKey
			},
		}
		if prefix == "$P$" {
			h.forms = func(password string) forms {
				all := forms{{password, !isSlashed(password)}}
				for _, f := range wordPressForms(password) {
					all = all.add(f.text, f.whole)
				}
				return all
			}
		}
		return h, nil
	}
}

func phpass(password, salt string, rounds int) []byte {
	sum := md5.Sum([]byte(salt + password))
	buffer := append(sum[:], password...)
	for range rounds {
		sum = md5.Sum(buffer)
		copy(buffer, sum[:])
	}
	var out []byte
	for i := 0; i < 15; i += 3 {
		out = encode24(out, sum[i+2], sum[i+1], sum[i], 4)
	}
	return encode24(out, 0, 0, sum[15], 2)
}
