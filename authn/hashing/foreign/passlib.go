package foreign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

const bcryptSalt = 22 // characters

// parsePasslibBcryptSHA256 reads passlib's and Authelia's bcrypt of a digest: in version 2 the HMAC-SHA-256
// of the password under the salt, in version 1 its SHA-256; in base64.
func parsePasslibBcryptSHA256(rest string, maxMemory int64) (Hash, error) {
	parts, err := split(rest, 3)
	if err != nil {
		return Hash{}, err
	}
	salt := parts[1]
	if len(salt) != bcryptSalt {
		return Hash{}, ErrCorrupt
	}
	digest := func(password string) []byte { sum := sha256.Sum256([]byte(password)); return sum[:] }
	version, cost, _ := strings.Cut(parts[0], ",")
	if strings.Contains(parts[0], "=") {
		o, err := options(parts[0], "v", "t", "r")
		if err != nil || o["v"] != "2" {
			return Hash{}, ErrCorrupt
		}
		version, cost = o["t"], o["r"]
		digest = func(password string) []byte {
			mac := hmac.New(sha256.New, []byte(salt))
			mac.Write([]byte(password))
			return mac.Sum(nil)
		}
	}
	if version != "2a" && version != "2b" && version != "2y" {
		return Hash{}, ErrCorrupt
	}
	h, err := bcryptHash("$"+version+"$"+twoDigits(cost)+"$"+salt+parts[2], maxMemory, digestForm(func(password string) string {
		return base64.StdEncoding.EncodeToString(digest(password))
	}))
	h.algorithm = "bcrypt-sha256"
	return h, err
}
