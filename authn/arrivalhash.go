package authn

import "github.com/authctl/authctl/authn/hashing"

// CheckPrehash returns an error, with text for a person and without the key, unless the text says what a program
// does with a password before it hashes it: sha256-hex, sha512-hex, hmac-sha512-base64:KEY, suffix:PEPPER or
// prefix:SALT.
func CheckPrehash(text string) error { return hashing.CheckPrehash(text) }

// PrehashNeedsSecret reports whether a prehash has a key, which is stored encrypted: then the service must know the
// secret of the installation.
func PrehashNeedsSecret(text string) bool { return hashing.PrehashHasKey(text) }

// arrivalHash returns the hash of an arrival as it is stored: with the salt, and with the prehash, whose key is
// encrypted.
func (s *Service) arrivalHash(in Arrival) (string, error) {
	if in.PasswordHash == "" {
		return "", nil
	}
	return s.rules.Load().hasher.Adopt(in.PasswordHash, in.PasswordSalt, in.Prehash)
}
