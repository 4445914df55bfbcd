package foreign

import "strings"

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
