package hashing

import (
	"encoding/hex"
	"strings"
	"testing"
)

var cheap = Params{Memory: 64, Iterations: 1, Parallelism: 1}

func TestDigestRoundTripsThroughItsPHCString(t *testing.T) {
	t.Parallel()
	d := digest{params: Params{65536, 3, 1}, salt: []byte("0123456789abcdef"), tag: []byte(strings.Repeat("t", 32))}
	got, err := parseDigest(d.String())
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != d.String() || got.params != d.params {
		t.Errorf("got %v, want %v", got, d)
	}
}

func TestComputeMatchesTheReferenceImplementation(t *testing.T) {
	t.Parallel()
	got := hex.EncodeToString(compute([]byte("password"), []byte("somesalt"), Params{65536, 2, 1}, 32))
	// Argon2 reference test suite (src/test.c), version 0x13, argon2id.
	want := "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestStoredHashesOutOfBoundsAreRefusedBeforeAnythingIsAllocated(t *testing.T) {
	t.Parallel()
	const salt, tag = "c29tZXNhbHQwMTIzNDU2Nw", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApjArZlZPZGRPPc"
	good := "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + tag
	if _, err := parseDigest(good); err != nil {
		t.Fatalf("%s: %v", good, err)
	}
	for name, phc := range map[string]string{
		"empty":             "",
		"only a prefix":     "$argon2id$",
		"four gibibytes":    strings.Replace(good, "m=64", "m=4194304", 1),
		"overflowing":       strings.Replace(good, "m=64", "m=4294967360", 1),
		"no passes":         strings.Replace(good, "t=1", "t=0", 1),
		"too many passes":   strings.Replace(good, "t=1", "t=21", 1),
		"no lanes":          strings.Replace(good, "p=1", "p=0", 1),
		"lanes that wrap":   strings.Replace(good, "p=1", "p=257", 1),
		"less than a lane":  strings.Replace(good, "m=64", "m=7", 1),
		"a leading zero":    strings.Replace(good, "m=64", "m=064", 1),
		"a sign":            strings.Replace(good, "m=64", "m=+64", 1),
		"another order":     strings.Replace(good, "m=64,t=1", "t=1,m=64", 1),
		"another version":   strings.Replace(good, "v=19", "v=16", 1),
		"another variant":   strings.Replace(good, "argon2id", "argon2i", 1),
		"a short salt":      strings.Replace(good, salt, "c2FsdA", 1),
		"a long tag":        good + strings.Repeat("A", 64),
		"padding":           good + "=",
		"a line break":      strings.Replace(good, salt, salt[:4]+"\n"+salt[4:], 1),
		"a further field":   good + "$x",
		"bcrypt":            "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"ten million bytes": good + strings.Repeat("A", 10_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d, err := parseDigest(phc); err == nil {
				t.Errorf("got %v, want an error", d)
			}
		})
	}
}

func TestFloorAcceptsEveryMinimumAndNothingWeaker(t *testing.T) {
	t.Parallel()
	for p, below := range map[Params]bool{
		{47104, 1, 1}: false, {19456, 2, 1}: false, {12288, 3, 1}: false, {9216, 4, 1}: false, {7168, 5, 1}: false,
		{65536, 3, 1}: false, {47103, 1, 1}: true, {19455, 2, 1}: true, {7168, 4, 1}: true, {7167, 20, 1}: true, {4096, 3, 1}: true,
	} {
		if got := p.BelowFloor(); got != below {
			t.Errorf("BelowFloor(%s): got %v, want %v", p, got, below)
		}
	}
}

func FuzzParseDigest(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQwMTIzNDU2Nw$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApjArZlZPZGRPPc")
	f.Add("$argon2id$v=19$m=4194304,t=0,p=0$$")
	f.Fuzz(func(t *testing.T, phc string) {
		d, err := parseDigest(phc)
		if err != nil {
			return
		}
		if d.params.Validate() != nil {
			t.Errorf("%q: parameters out of bounds were accepted", phc)
		}
		if d.String() != phc {
			t.Errorf("got %q, want %q: a hash has one spelling", d.String(), phc)
		}
	})
}
