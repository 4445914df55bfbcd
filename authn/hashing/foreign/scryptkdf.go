package foreign

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
)

const (
	scryptKDFLength = 96 // bytes: 16 of magic and cost, 32 of salt, 16 of checksum, 32 of HMAC
	scryptKDFMagic  = "scrypt\x00"
)

// isScryptKDF recognizes the base64 of "scrypt" and a zero.
func isScryptKDF(encoded string) bool {
	return strings.HasPrefix(encoded, "c2NyeXB0A") && len(encoded) == base64.StdEncoding.EncodedLen(scryptKDFLength)
}

// parseScryptKDF reads the header of a file that Tarsnap's scrypt has encrypted (its FORMAT document), as
// the program scrypt-kdf stores it for a password. The HMAC of the header is under the second half of the
// derived key.
func parseScryptKDF(encoded string, maxMemory int64) (Hash, error) {
	b, err := decode(encoded)
	if err != nil {
		return Hash{}, err
	}
	if len(b) != scryptKDFLength || !bytes.HasPrefix(b, []byte(scryptKDFMagic)) {
		return Hash{}, ErrCorrupt
	}
	sum := sha256.Sum256(b[:48])
	if !bytes.Equal(sum[:16], b[48:64]) {
		return Hash{}, ErrCorrupt
	}
	text := func(v uint32) string { return strconv.FormatUint(uint64(v), 10) }
	c, err := newScryptCost(logN, text(uint32(b[7])), text(binary.BigEndian.Uint32(b[8:])), text(binary.BigEndian.Uint32(b[12:])), maxMemory)
	if err != nil {
		return Hash{}, err
	}
	salt, tag := b[16:48], b[64:]
	h, err := c.hash(salt, tag)
	h.verify = func(password string) bool {
		key := c.key(password, salt, 64)
		if key == nil {
			return false
		}
		mac := hmac.New(sha256.New, key[32:])
		mac.Write(b[:64])
		return equal(mac.Sum(nil), tag)
	}
	return h, err
}
