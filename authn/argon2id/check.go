package argon2id

import (
	"bytes"
	"encoding/hex"
	"errors"

	"golang.org/x/crypto/argon2"
)

var errWrong = errors.New("argon2id: this processor computes something else than it should")

// Check computes the example of RFC 9106, section 5.3, and a hash at a cost, which it
// compares with golang.org/x/crypto/argon2. A zero cost leaves the second one out, which
// takes as long as two hashes.
func (a *Arena) Check(c Cost) error {
	fill := func(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }
	got, err := a.key(fill(1, 32), fill(2, 16), fill(3, 8), fill(4, 12), Cost{32, 3, 4}, 32)
	if err != nil {
		return err
	}
	if hex.EncodeToString(got) != "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659" {
		return errWrong
	}
	if c == (Cost{}) {
		return nil
	}
	password, salt := []byte("correct horse battery staple"), []byte("0123456789abcdef")
	if got, err = a.Key(password, salt, c, 32); err != nil {
		return err
	}
	if !bytes.Equal(got, argon2.IDKey(password, salt, c.Passes, c.Memory, c.Lanes, 32)) {
		return errWrong
	}
	return nil
}
