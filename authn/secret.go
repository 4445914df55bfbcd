package authn

import (
	"errors"
	"fmt"
	"strings"
)

const minSecretLength = 32 // bytes; RFC 7518, section 3.2

// sampleSecrets are pieces of values that documents print and people paste.
var sampleSecrets = [...]string{
	"changeme", "change-me", "change_me", "your-64-byte", "your-secret", "your_secret", "yoursecret",
	"supersecret", "super-secret", "replace", "example", "placeholder", "secretsecret", "password",
}

// CheckSecret returns an error, fit for a person, when secret cannot be the key
// of access tokens: fewer than 32 bytes, a well-known sample value, or only a
// handful of different characters.
func CheckSecret(secret string) error {
	if len(secret) < minSecretLength {
		return fmt.Errorf("must have at least %d bytes, this one has %d", minSecretLength, len(secret))
	}
	lower := strings.ToLower(secret)
	for _, sample := range sampleSecrets {
		if strings.Contains(lower, sample) {
			return errors.New("is a well-known sample value")
		}
	}
	different := make(map[rune]struct{})
	for _, r := range secret {
		different[r] = struct{}{}
	}
	if len(different) < 8 {
		return errors.New("has too few different characters to be random")
	}
	return nil
}
