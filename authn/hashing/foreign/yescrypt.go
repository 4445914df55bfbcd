package foreign

import (
	"fmt"
	"strings"

	"github.com/openwall/yescrypt-go"
)

const (
	yescryptTag     = 43 // characters: 32 bytes
	yescryptTables  = 12 << 10
	maxYescryptSalt = 86 // characters: 64 bytes
	maxCryptSalt    = 64 // characters
)

// yescryptCost reads the flags and the cost that crypt(3) makes: "j" for yescrypt's defaults, then log2(N)
// and r, both less one.
func yescryptCost(flags string, maxMemory int64) (scryptCost, error) {
	if len(flags) != 3 || flags[0] != 'j' || !within(flags, itoa64) {
		return scryptCost{}, fmt.Errorf("%w: it has other parameters of yescrypt than crypt(3) makes", ErrUnknown)
	}
	log, r := strings.IndexByte(itoa64, flags[1])+1, strings.IndexByte(itoa64, flags[2])+1
	c := scryptCost{n: 1 << min(log, 30), r: r, p: 1}
	if log < 10 || log > 18 || r > 32 || c.n*r > maxScryptWork || c.memory()+yescryptTables > maxMemory {
		return scryptCost{}, ErrBounds
	}
	return c, nil
}

func parseYescrypt(rest string, maxMemory int64) (Hash, error) {
	return yescryptHash("yescrypt", rest, maxMemory, func(_ string, computed []byte) []byte { return computed })
}

// yescryptHash reads FLAGS$SALT$TAG. finish makes what is stored from the password and what yescrypt computes.
func yescryptHash(algorithm, rest string, maxMemory int64, finish func(password string, computed []byte) []byte) (Hash, error) {
	parts, err := split(rest, 3)
	if err != nil {
		return Hash{}, err
	}
	c, err := yescryptCost(parts[0], maxMemory)
	if err != nil {
		return Hash{}, err
	}
	salt, tag := parts[1], parts[2]
	if len(salt) < 2 || len(salt) > maxYescryptSalt || len(tag) != yescryptTag || !within(salt, itoa64) || !within(tag, itoa64) {
		return Hash{}, ErrCorrupt
	}
	setting := []byte("$y$" + parts[0] + "$" + salt + "$")
	if decode64(salt) == nil || decode64(tag) == nil {
		return Hash{}, ErrCorrupt
	}
	return Hash{
		algorithm: algorithm, settings: c.String(), memory: c.memory() + yescryptTables, effort: c.effort(),
		verify: func(password string) bool {
			computed, err := yescrypt.Hash([]byte(password), setting)
			if err != nil || len(computed) < yescryptTag {
				return false
			}
			return equal(finish(password, computed[len(computed)-yescryptTag:]), []byte(tag))
		},
	}, nil
}

// parseCryptScrypt reads crypt(3)'s scrypt: a character of log2(N), five of r, five of p, and the salt, which is text.
func parseCryptScrypt(rest string, maxMemory int64) (Hash, error) {
	parts, err := split(rest, 2)
	if err != nil {
		return Hash{}, err
	}
	if len(parts[0]) < 12 || len(parts[0]) > 11+maxCryptSalt || !within(parts[0], itoa64) || !within(parts[1], itoa64) || len(parts[1]) != yescryptTag {
		return Hash{}, ErrCorrupt
	}
	n, r, p := strings.IndexByte(itoa64, parts[0][0]), number30(parts[0][1:6]), number30(parts[0][6:11])
	c, err := newScryptCost(logN, fmt.Sprint(n), fmt.Sprint(r), fmt.Sprint(p), maxMemory)
	if err != nil {
		return Hash{}, err
	}
	tag := decode64(parts[1])
	if tag == nil {
		return Hash{}, ErrCorrupt
	}
	return c.hash([]byte(parts[0][11:]), tag)
}

// number30 reads five characters of crypt(3), the lowest bits first.
func number30(s string) (n int) {
	for i := range s {
		n |= strings.IndexByte(itoa64, s[i]) << (6 * i)
	}
	return n
}

// decode64 reads crypt(3)'s base64, the lowest bits first; nil for bits that are left over.
func decode64(s string) (out []byte) {
	var value, bits uint
	for i := range s {
		value |= uint(strings.IndexByte(itoa64, s[i])) << bits
		if bits += 6; bits >= 8 {
			out, value, bits = append(out, byte(value)), value>>8, bits-8
		}
	}
	if value != 0 || bits >= 6 {
		return nil
	}
	return out
}

// parseGostYescrypt reads what libxcrypt makes of yescrypt's tag: its HMAC under the HMAC of the setting
// under the digest of the password, all with GOST R 34.11-2012 of 256 bits (lib/crypt-gost-yescrypt.c).
func parseGostYescrypt(rest string, maxMemory int64) (Hash, error) {
	setting := "$gy$" + rest[:max(0, strings.LastIndexByte(rest, '$'))]
	return yescryptHash("gost-yescrypt", rest, maxMemory, func(password string, computed []byte) []byte {
		key := hmacStreebog256(streebog256([]byte(password)), []byte(setting))
		return encode64(hmacStreebog256(key, decode64(string(computed))))
	})
}

// encode64 is the inverse of decode64, for 32 bytes.
func encode64(b []byte) (out []byte) {
	for ; len(b) >= 3; b = b[3:] {
		out = encode24(out, b[2], b[1], b[0], 4)
	}
	return encode24(out, 0, b[1], b[0], 3)
}
