package authn

import (
	"errors"
	"fmt"
	"strings"
)

const minSecretLength = 32 // bytes; RFC 7518, section 3.2

// sampleSecrets is parts of values that documents show and people paste or invent. All have at
// least six characters, so a random value practically never contains one.
var sampleSecrets = [...]string{
	"secret", "password", "changeme", "change-me", "change_me", "change this", "change-this", "change_this",
	"your-64-byte", "bits-long", "replace", "example", "placeholder", "default", "insecure", "qwerty",
}

const maxInOrder = 7 // max length of a run such as 1234567

// CheckSecret returns an error, with text for a person, when secret is too weak for signing access
// tokens or as a pepper: it has fewer than 32 bytes, is a well-known sample value, or is not
// random.
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
	switch {
	case len(different) < 8:
		return errors.New("has too few different characters to be random")
	case cycles(secret):
		return errors.New("repeats itself, and is not random")
	case inOrder(secret) > maxInOrder:
		return errors.New("has a long run like 12345678, and is not random")
	}
	return nil
}

// cycles reports whether s repeats a string of at most 16 bytes.
func cycles(s string) bool {
	for n := 1; n <= min(len(s)/2, 16); n++ {
		if s[n:] == s[:len(s)-n] {
			return true
		}
	}
	return false
}

// inOrder returns the length of the longest run in which each byte is one more than the one before.
func inOrder(s string) int {
	longest, run := 0, 0
	for i := range len(s) {
		if i > 0 && s[i] == s[i-1]+1 {
			run++
		} else {
			run = 1
		}
		longest = max(longest, run)
	}
	return longest
}
