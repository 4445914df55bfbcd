package foreign

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// Prehash is what a program does with a password before it computes the hash. The zero value is
// nothing.
type Prehash struct {
	Kind string // one of the constants; "" for nothing
	Key  string // the secret that Kind needs
}

// The kinds of [Prehash].
const (
	PrehashSHA256 = "sha256-hex"         // hexadecimal digits of SHA-256: Meteor, Rocket.Chat, Flask-Bcrypt for long passwords
	PrehashSHA512 = "sha512-hex"         // of SHA-512: NodeBB
	PrehashHMAC   = "hmac-sha512-base64" // base64 of HMAC-SHA-512 under the key: Flask-Security
	PrehashSuffix = "suffix"             // the key after the password: Devise with a pepper
	PrehashPrefix = "prefix"             // the key before the password
)

const maxPrehashKey = 256 // bytes

// ParsePrehash reads a kind, with a colon and the key where it needs one. The error is text for a person,
// without the key.
func ParsePrehash(text string) (Prehash, error) {
	kind, key, keyed := strings.Cut(text, ":")
	p := Prehash{kind, key}
	switch kind {
	case PrehashSHA256, PrehashSHA512:
		if keyed {
			return Prehash{}, fmt.Errorf("%s takes no key", kind)
		}
	case PrehashHMAC, PrehashSuffix, PrehashPrefix:
		if key == "" || len(key) > maxPrehashKey {
			return Prehash{}, fmt.Errorf("%s needs a key of 1 to %d bytes: %s:KEY", kind, maxPrehashKey, kind)
		}
	default:
		return Prehash{}, fmt.Errorf("it must be %s, %s, %s:KEY, %s:PEPPER or %s:SALT", PrehashSHA256, PrehashSHA512, PrehashHMAC, PrehashSuffix, PrehashPrefix)
	}
	return p, nil
}

// Keyed reports whether the kind needs a key.
func (p Prehash) Keyed() bool {
	return p.Kind != "" && p.Kind != PrehashSHA256 && p.Kind != PrehashSHA512
}

// apply returns the text that is hashed for a password. digest is true when it stands for all of the
// password, however much of the text the hash reads.
func (p Prehash) apply(password string) (text string, digest bool) {
	switch p.Kind {
	case PrehashSHA256:
		sum := sha256.Sum256([]byte(password))
		return hex.EncodeToString(sum[:]), true
	case PrehashSHA512:
		sum := sha512.Sum512([]byte(password))
		return hex.EncodeToString(sum[:]), true
	case PrehashHMAC:
		mac := hmac.New(sha512.New, []byte(p.Key))
		mac.Write([]byte(password))
		return base64.StdEncoding.EncodeToString(mac.Sum(nil)), true
	case PrehashSuffix:
		return password + p.Key, false
	case PrehashPrefix:
		return p.Key + password, false
	}
	return password, false
}

// After returns the hash for passwords that go through p first.
func (h Hash) After(p Prehash) Hash {
	h.prehash = p
	return h
}
