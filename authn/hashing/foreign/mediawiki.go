package foreign

import (
	"crypto/md5"
	"encoding/hex"
	"strings"
)

const maxMediaWikiSalt = 64 // bytes, of the MD5 below the layer

// parseMediaWikiPBKDF2 reads DIGEST:ITERATIONS:LENGTH:SALT:TAG.
func parseMediaWikiPBKDF2(rest string, maxMemory int64) (Hash, error) {
	parts := strings.Split(rest, ":")
	if len(parts) != 5 {
		return Hash{}, ErrCorrupt
	}
	if !isDigest(parts[0]) {
		return Hash{}, ErrUnknown
	}
	length, err := number(parts[2], minTag, maxTag)
	if err != nil {
		return Hash{}, err
	}
	salt, tag, err := decodePair(parts[3], parts[4])
	if err != nil {
		return Hash{}, err
	}
	return pbkdf2Hash(parts[0], parts[1], salt, tag, length, maxMemory)
}

// parseMediaWikiBcrypt reads COST$SALT$TAG, which are those of $2y$.
func parseMediaWikiBcrypt(rest string, maxMemory int64) (Hash, error) {
	parts, err := split(rest, 3)
	if err != nil {
		return Hash{}, err
	}
	if len(parts[1]) != bcryptSalt {
		return Hash{}, ErrCorrupt
	}
	return bcryptHash("$2y$"+twoDigits(parts[0])+"$"+parts[1]+parts[2], maxMemory, bcryptForms)
}

// parseMediaWikiLayers reads !DIGEST:ITERATIONS:LENGTH!SALT!SALT!TAG: PBKDF2 of MediaWiki's old MD5, as its
// wrapOldPasswords.php makes it. The first salt is that of the MD5, and only those of type A can be without.
func parseMediaWikiLayers(old string) func(string, int64) (Hash, error) {
	return func(rest string, maxMemory int64) (Hash, error) {
		parts := strings.Split(rest, "!")
		if len(parts) != 5 || parts[0] != "" || strings.Contains(parts[3]+parts[4], ":") {
			return Hash{}, ErrCorrupt
		}
		salt := parts[2]
		if len(salt) > maxMediaWikiSalt || salt == "" && old != "A" {
			return Hash{}, ErrCorrupt
		}
		h, err := parseMediaWikiPBKDF2(parts[1]+":"+parts[3]+":"+parts[4], maxMemory)
		h.forms = digestForm(func(password string) string {
			if salt == "" {
				return md5Hex(password)
			}
			return md5Hex(salt + "-" + md5Hex(password))
		})
		return h, err
	}
}

func md5Hex(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}
