package argon2id

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// knownAnswer is a hash whose result others have published.
type knownAnswer struct {
	source string
	input  input
	tag    string // in hexadecimal
}

// rfc9106 is the test vector of RFC 9106, section 5.3.
func rfc9106() knownAnswer {
	return knownAnswer{
		source: "RFC 9106, section 5.3",
		input: input{
			password: bytes.Repeat([]byte{1}, 32), salt: bytes.Repeat([]byte{2}, 16),
			secret: bytes.Repeat([]byte{3}, 8), data: bytes.Repeat([]byte{4}, 12),
			passes: 3, memory: 32, lanes: 4, length: 32,
		},
		tag: "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659",
	}
}

// reference is a test vector of the reference implementation. Other than the RFC's it
// has no secret, which golang.org/x/crypto/argon2 does not take.
func reference() knownAnswer {
	return knownAnswer{
		source: "the reference implementation (github.com/P-H-C/phc-winner-argon2, src/test.c)",
		input:  input{password: []byte("password"), salt: []byte("somesalt"), passes: 2, memory: 256, lanes: 2, length: 32},
		tag:    "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037",
	}
}

// Check computes known answers with impl, and one hash at the given cost, which it
// compares with golang.org/x/crypto/argon2. It returns an error that names impl if a
// result differs, or if [Arena.Key] fails. [Portable] is not compared with itself. It
// takes as long as two hashes at that
// cost, and as much memory, which it gives back.
func Check(impl Implementation, time, memoryKiB uint32, lanes uint8) error {
	arena := NewArena()
	err := check(arena, impl, time, memoryKiB, lanes)
	if closeErr := arena.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("check the Argon2id implementation %q: %w", impl, err)
	}
	return nil
}

func check(arena *Arena, impl Implementation, time, memoryKiB uint32, lanes uint8) error {
	known := []knownAnswer{reference()}
	if impl != Portable {
		known = append(known, rfc9106())
	}
	for _, k := range known {
		tag, err := arena.key(impl, k.input)
		if err != nil {
			return err
		}
		if hex.EncodeToString(tag) != k.tag {
			return fmt.Errorf("it does not compute the test vector of %s", k.source)
		}
	}
	if impl == Portable {
		return nil // it is what the others are compared with
	}
	password, salt := []byte("correct horse battery staple"), []byte("0123456789abcdef")
	tag, err := arena.Key(impl, password, salt, time, memoryKiB, lanes, 32)
	if err != nil {
		return err
	}
	if !bytes.Equal(tag, argon2.IDKey(password, salt, time, memoryKiB, lanes, 32)) {
		return fmt.Errorf("at %d KiB, %d passes and %d lanes it does not compute what golang.org/x/crypto/argon2 does", memoryKiB, time, lanes)
	}
	return nil
}
