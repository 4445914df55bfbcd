package hashing

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Params is the cost of an Argon2id hash (RFC 9106).
type Params struct {
	Memory      uint32 // KiB
	Iterations  uint32 // passes over the memory
	Parallelism uint8  // lanes
}

// The bounds of new and of stored hashes. Nothing is allocated for a hash beyond them.
const (
	MaxMemory      = 1 << 20 // KiB, which is 1 GiB
	MaxIterations  = 20
	MaxParallelism = 16

	saltLength = 16 // bytes; RFC 9106, section 3.1
	tagLength  = 32 // bytes; RFC 9106, section 4
	minLength  = 8  // bytes, of salt and tag of a stored hash
	maxLength  = 64 // bytes
)

// Validate returns an error when p is outside what Argon2 and authctl allow:
// 8 × parallelism KiB to [MaxMemory], 1 to [MaxIterations] passes, 1 to [MaxParallelism] lanes.
func (p Params) Validate() error {
	switch {
	case p.Iterations < 1 || p.Iterations > MaxIterations:
		return fmt.Errorf("argon2 iterations must be 1 to %d, not %d", MaxIterations, p.Iterations)
	case p.Parallelism < 1 || p.Parallelism > MaxParallelism:
		return fmt.Errorf("argon2 parallelism must be 1 to %d, not %d", MaxParallelism, p.Parallelism)
	case p.Memory < 8*uint32(p.Parallelism) || p.Memory > MaxMemory:
		return fmt.Errorf("argon2 memory must be %d KiB to %d GiB, not %d KiB", 8*uint32(p.Parallelism), MaxMemory>>20, p.Memory)
	}
	return nil
}

// floors returns the combinations of memory and passes that the OWASP Password Storage Cheat Sheet
// (2026-08) accepts as a minimum.
func floors() []Params {
	return []Params{{47104, 1, 1}, {19456, 2, 1}, {12288, 3, 1}, {9216, 4, 1}, {7168, 5, 1}}
}

// BelowFloor reports whether p is weaker than every combination that counts as a minimum.
func (p Params) BelowFloor() bool {
	return !slices.ContainsFunc(floors(), func(floor Params) bool { return p.Memory >= floor.Memory && p.Iterations >= floor.Iterations })
}

// CheckFloor returns an error, with text for a person, when p is below the floor.
func (p Params) CheckFloor() error {
	if !p.BelowFloor() {
		return nil
	}
	var least []string
	for _, floor := range floors() {
		least = append(least, fmt.Sprintf("%dMiB with %d", floor.Memory/1024, floor.Iterations))
	}
	last := len(least) - 1
	least[0] += " iteration"
	return fmt.Errorf("%s is weaker than production allows: at least %s, or %s", p, strings.Join(least[:last], ", "), least[last])
}

// WeakerThan reports whether a hash at p is cheaper to attack than one at q: p has less memory,
// or less memory times passes.
func (p Params) WeakerThan(q Params) bool { return p.Memory < q.Memory || p.work() < q.work() }

// work returns memory times passes, in KiB: an attacker's cost of one guess.
func (p Params) work() uint64 { return uint64(p.Memory) * uint64(p.Iterations) }

// bytes returns the working memory of a hash.
func (p Params) bytes() int64 { return int64(p.Memory) << 10 }

// String returns the parameters as a PHC string writes them.
func (p Params) String() string {
	return fmt.Sprintf("m=%d,t=%d,p=%d", p.Memory, p.Iterations, p.Parallelism)
}

// ParseParams parses "m=65536,t=3,p=1", memory in KiB, as a PHC string has it.
func ParseParams(s string) (Params, error) {
	p, err := parseParams(s)
	if err != nil {
		return Params{}, fmt.Errorf("it must be m=KIB,t=ITERATIONS,p=LANES within 8·p KiB to %d GiB, 1 to %d and 1 to %d", MaxMemory>>20, MaxIterations, MaxParallelism)
	}
	return p, nil
}

// digest is a parsed password hash.
type digest struct {
	params Params
	pepper string // id of the pepper; "" for none
	salt   []byte
	tag    []byte
}

const (
	phcPrefix = "$argon2id$v=19$"
	keyIDMark = ",keyid="
)

// String returns the digest as a PHC string.
func (d digest) String() string {
	b64 := base64.RawStdEncoding
	cost := d.params.String()
	if d.pepper != "" {
		cost += keyIDMark + d.pepper
	}
	return phcPrefix + cost + "$" + b64.EncodeToString(d.salt) + "$" + b64.EncodeToString(d.tag)
}

var errCorruptHash = errors.New("stored password hash is corrupt or out of bounds")

// parseDigest parses an Argon2id PHC string. It accepts only the spelling that [digest.String]
// writes, and checks the bounds before it allocates anything.
func parseDigest(phc string) (digest, error) {
	rest, ok := strings.CutPrefix(phc, phcPrefix)
	if !ok || len(phc) > 300 {
		return digest{}, errCorruptHash
	}
	fields := strings.Split(rest, "$")
	if len(fields) != 3 {
		return digest{}, errCorruptHash
	}
	var d digest
	var err error
	cost, pepper, peppered := strings.Cut(fields[0], keyIDMark)
	if d.params, err = parseParams(cost); err != nil {
		return digest{}, err
	}
	if d.pepper = pepper; peppered && len(pepper) != pepperIDLength {
		return digest{}, errCorruptHash
	}
	b64 := base64.RawStdEncoding.Strict()
	salt, err1 := b64.DecodeString(fields[1])
	tag, err2 := b64.DecodeString(fields[2])
	if err1 != nil || err2 != nil || outside(len(salt)) || outside(len(tag)) {
		return digest{}, errCorruptHash
	}
	d.salt, d.tag = salt, tag
	if d.String() != phc { // base64 accepts line breaks
		return digest{}, errCorruptHash
	}
	return d, nil
}

func outside(n int) bool { return n < minLength || n > maxLength }

// parseParams parses "m=65536,t=3,p=1".
func parseParams(s string) (Params, error) {
	fields := strings.Split(s, ",")
	if len(fields) != 3 {
		return Params{}, errCorruptHash
	}
	var n [3]uint64
	for i, name := range [...]string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(fields[i], name)
		if !ok {
			return Params{}, errCorruptHash
		}
		var err error
		if n[i], err = strconv.ParseUint(digits, 10, 32); err != nil {
			return Params{}, errCorruptHash
		}
	}
	if n[2] > MaxParallelism { // checked before the conversion to a byte
		return Params{}, errCorruptHash
	}
	p := Params{Memory: uint32(n[0]), Iterations: uint32(n[1]), Parallelism: uint8(n[2])}
	if p.Validate() != nil {
		return Params{}, errCorruptHash
	}
	return p, nil
}

// compute runs Argon2id over password.
func compute(password, salt []byte, p Params, length int) []byte {
	return argon2.IDKey(password, salt, p.Iterations, p.Memory, p.Parallelism, uint32(length))
}
