package foreign

import (
	"fmt"
	"math/bits"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// scryptCost is the parameters of RFC 7914.
type scryptCost struct{ n, r, p int }

const (
	maxScryptWork   = 1 << 24 // n·r·p: 2 GiB written, some five seconds
	djangoScryptTag = 64      // bytes
)

// scryptN reads the number of blocks, which some programs write as its logarithm to base 2.
type scryptN func(text string) (n int, err error)

func plainN(text string) (int, error) { return number(text, 1, 1<<24) }

func logN(text string) (int, error) {
	n, err := number(text, 1, 1<<24)
	if err != nil {
		return 0, err
	}
	if n > 24 {
		return 0, ErrBounds
	}
	return 1 << n, nil
}

// newScryptCost reads the parameters and holds them to the bounds.
func newScryptCost(blocks scryptN, n, r, p string, maxMemory int64) (c scryptCost, err error) {
	if c.n, err = blocks(n); err != nil {
		return c, err
	}
	if c.r, err = number(r, 1, 64); err != nil {
		return c, err
	}
	if c.p, err = number(p, 1, 16); err != nil {
		return c, err
	}
	if c.n < 2 || bits.OnesCount(uint(c.n)) != 1 {
		return c, ErrCorrupt
	}
	if c.n*c.r*c.p > maxScryptWork || c.memory() > maxMemory {
		return c, ErrBounds
	}
	return c, nil
}

func (c scryptCost) memory() int64 { return 128 * int64(c.r) * int64(c.n+c.p+2) }

func (c scryptCost) effort() int64 { return int64(c.n * c.r * c.p) }

func (c scryptCost) String() string {
	return fmt.Sprintf("ln=%d,r=%d,p=%d", bits.TrailingZeros(uint(c.n)), c.r, c.p)
}

// key derives length bytes; the cost was checked.
func (c scryptCost) key(password string, salt []byte, length int) []byte {
	key, err := scrypt.Key([]byte(password), salt, c.n, c.r, c.p, length)
	if err != nil {
		return nil
	}
	return key
}

func (c scryptCost) hash(salt, tag []byte) (Hash, error) {
	return Hash{
		algorithm: "scrypt", settings: c.String(), memory: c.memory(), effort: c.effort(),
		verify: func(password string) bool { return equal(c.key(password, salt, len(tag)), tag) },
	}, checkPair(salt, tag)
}

func parseScrypt(rest string, maxMemory int64) (Hash, error) {
	parts, err := split(rest, 3)
	if err != nil {
		return Hash{}, err
	}
	name, blocks := "ln", logN
	if strings.HasPrefix(parts[0], "n=") { // AdonisJS
		name, blocks = "n", plainN
	}
	o, err := options(parts[0], name, "r", "p")
	if err != nil {
		return Hash{}, err
	}
	if len(o[name]) > 2 { // no plain number that is strong enough is as short
		blocks = plainN
	}
	c, err := newScryptCost(blocks, o[name], o["r"], o["p"], maxMemory)
	if err != nil {
		return Hash{}, err
	}
	salt, tag, err := decodePair(parts[1], parts[2])
	if err != nil {
		return Hash{}, err
	}
	return c.hash(salt, tag)
}

func parseDjangoScrypt(rest string, maxMemory int64) (Hash, error) {
	parts, err := split(rest, 5)
	if err != nil {
		return Hash{}, err
	}
	c, err := newScryptCost(plainN, parts[0], parts[2], parts[3], maxMemory)
	if err != nil {
		return Hash{}, err
	}
	tag, err := decode(parts[4])
	if err != nil {
		return Hash{}, err
	}
	if len(tag) != djangoScryptTag { // which could be cut short and still verify
		return Hash{}, ErrCorrupt
	}
	return c.hash([]byte(parts[1]), tag)
}
