package foreign

import (
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"strings"
)

const (
	shaCryptRounds = 5000 // where none are given
	minSHACrypt    = 1000
	maxSHACrypt    = 1_000_000 // some seconds
	maxSHACryptKey = 511       // bytes of a password; crypt(3) takes no longer ones
	shaCryptMemory = 8 << 10
)

// shaCrypt is crypt(3) with SHA-256 or SHA-512, after Ulrich Drepper, "Unix crypt
// using SHA-256 and SHA-512", 2008.
type shaCrypt struct {
	new    func() hash.Hash
	order  []byte // the bytes of the digest as they are written, by threes; the last are fewer
	rounds int
	salt   string
}

func parseSHACrypt(algorithm string) func(string, int64) (Hash, error) {
	return func(rest string, maxMemory int64) (Hash, error) {
		c := shaCrypt{new: sha256.New, order: order256(), rounds: shaCryptRounds}
		if algorithm == "sha512-crypt" {
			c.new, c.order = sha512.New, order512()
		}
		if after, ok := strings.CutPrefix(rest, "rounds="); ok {
			digits, remainder, found := strings.Cut(after, "$")
			rounds, err := number(digits, minSHACrypt, maxSHACrypt)
			if err != nil || !found {
				return Hash{}, ErrBounds
			}
			c.rounds, rest = rounds, remainder
		}
		parts, err := split(rest, 2)
		if err != nil {
			return Hash{}, err
		}
		c.salt = parts[0]
		if want := (c.new().Size()*8 + 5) / 6; len(parts[1]) != want || !within(parts[1], itoa64) || len(c.salt) < 1 || len(c.salt) > 16 || maxMemory < shaCryptMemory {
			return Hash{}, ErrCorrupt
		}
		return Hash{
			algorithm: algorithm, settings: fmt.Sprintf("rounds=%d", c.rounds), memory: shaCryptMemory, effort: int64(c.rounds),
			verify: func(password string) bool {
				got := c.compute([]byte(password[:min(len(password), maxSHACryptKey)]))
				return equal(got, []byte(parts[1])) && len(password) <= maxSHACryptKey
			},
		}, nil
	}
}

// compute follows the numbered steps of the specification.
func (c shaCrypt) compute(password []byte) []byte {
	salt := []byte(c.salt)
	b := c.sum(password, salt, password) // 4 to 8
	h := c.new()                         // 1 to 3
	h.Write(password)
	h.Write(salt)
	h.Write(repeat(b, len(password)))        // 9, 10
	for n := len(password); n > 0; n >>= 1 { // 11
		if n&1 == 1 {
			h.Write(b)
		} else {
			h.Write(password)
		}
	}
	a := h.Sum(nil)
	h = c.new() // 13 to 16
	for range password {
		h.Write(password)
	}
	p := repeat(h.Sum(nil), len(password))
	h = c.new() // 17 to 20
	for range 16 + int(a[0]) {
		h.Write(salt)
	}
	s := repeat(h.Sum(nil), len(salt))
	h = c.new()
	for i := range c.rounds { // 21
		h.Reset()
		odd := i%2 == 1
		h.Write(either(odd, p, a))
		if i%3 != 0 {
			h.Write(s)
		}
		if i%7 != 0 {
			h.Write(p)
		}
		h.Write(either(odd, a, p))
		a = h.Sum(a[:0])
	}
	return c.encode(a) // 22
}

func (c shaCrypt) sum(pieces ...[]byte) []byte {
	h := c.new()
	for _, piece := range pieces {
		h.Write(piece)
	}
	return h.Sum(nil)
}

func either(first bool, a, b []byte) []byte {
	if first {
		return a
	}
	return b
}

// repeat returns n bytes of b over and over.
func repeat(b []byte, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = b[i%len(b)]
	}
	return out
}

func (c shaCrypt) encode(digest []byte) []byte {
	var out []byte
	o := c.order
	for ; len(o) >= 3; o = o[3:] {
		out = encode24(out, digest[o[0]], digest[o[1]], digest[o[2]], 4)
	}
	if len(o) == 2 {
		return encode24(out, 0, digest[o[0]], digest[o[1]], 3)
	}
	return encode24(out, 0, 0, digest[o[0]], 2)
}

// order256 and order512 are step 22: three rows of a third of the digest each, taken in
// turn, and turned by one with each group.
func order256() []byte {
	var o []byte
	for i := range byte(10) {
		group := [3]byte{i, i + 10, i + 20}
		turn := 2 * (i % 3) % 3
		o = append(o, group[turn], group[(turn+1)%3], group[(turn+2)%3])
	}
	return append(o, 31, 30)
}

func order512() []byte {
	var o []byte
	for i := range byte(21) {
		group := [3]byte{i, i + 21, i + 42}
		turn := i % 3
		o = append(o, group[turn], group[(turn+1)%3], group[(turn+2)%3])
	}
	return append(o, 63)
}
