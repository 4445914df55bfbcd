package userfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// keycloakCredential is a credential as Keycloak exports it.
type keycloakCredential struct {
	Type, SecretData, CredentialData string
	CreatedDate                      int64

	// The format of old releases, which Keycloak's API still accepts.
	Algorithm, HashedSaltedValue, Salt string
	HashIterations                     int

	Value string // the plain password, in handwritten files
}

// keycloakSecret is a hash and its costs.
type keycloakSecret struct {
	Value, Salt          string
	Algorithm            string
	HashIterations       int
	AdditionalParameters map[string][]string
}

// hash returns the password hash in PHC or crypt(3) format.
func (c keycloakCredential) hash() (string, error) {
	s := keycloakSecret{Value: c.HashedSaltedValue, Salt: c.Salt, Algorithm: c.Algorithm, HashIterations: c.HashIterations}
	switch {
	case c.SecretData != "" || c.CredentialData != "":
		if json.Unmarshal([]byte(c.CredentialData), &s) != nil {
			return "", errors.New("its credential is not JSON")
		}
		var secret struct{ Value, Salt string }
		if json.Unmarshal([]byte(c.SecretData), &secret) != nil {
			return "", errors.New("its credential is not JSON")
		}
		s.Value, s.Salt = secret.Value, secret.Salt
	case c.HashedSaltedValue != "": // Keycloak before 4.8, whose oldest passwords have no algorithm, or that of a one-time password
		if s.Algorithm == "" || s.Algorithm == "HmacSHA1" {
			s.Algorithm = "pbkdf2"
		}
	case c.Value != "":
		return "", errors.New("its credential is the password itself, not a hash: import the file in Keycloak, and export it there")
	default:
		return "", errors.New("its credential is empty")
	}
	return s.hash()
}

func (s keycloakSecret) hash() (string, error) {
	switch s.Algorithm {
	case "pbkdf2", "pbkdf2-sha256", "pbkdf2-sha512":
		algorithm := s.Algorithm
		if algorithm == "pbkdf2" {
			algorithm = "pbkdf2-sha1"
		}
		return fmt.Sprintf("$%s$i=%d,l=%d$%s$%s", algorithm, s.HashIterations, decodedLength(s.Value), s.Salt, s.Value), nil
	case "bcrypt":
		return s.bcrypt()
	case "argon2", "argon2id", "argon2i", "argon":
		if strings.HasPrefix(s.Value, "$argon2") { // from an extension for releases without Argon2
			return s.Value, nil
		}
		return s.argon2()
	}
	return "", fmt.Errorf("its password has the algorithm %q, which cannot be verified", shown(s.Algorithm))
}

func (s keycloakSecret) argon2() (string, error) {
	more := func(name string) string { return strings.Join(s.AdditionalParameters[name], "") }
	if more("version") != "1.3" {
		return "", fmt.Errorf("its Argon2 is of version %q, and only 1.3 can be verified", shown(more("version")))
	}
	return fmt.Sprintf("$argon2%s$v=19$m=%s,t=%d,p=%s$%s$%s", more("type"), more("memory"), s.HashIterations, more("parallelism"), s.Salt, s.Value), nil
}

// bcrypt returns the hash of a Keycloak extension for bcrypt. The value of an extension is the
// whole hash in crypt(3) format, whatever salt and hashIterations are. A handwritten file may
// have the parts instead: 22 letters of salt, 31 of the hash, and the cost.
func (s keycloakSecret) bcrypt() (string, error) {
	if strings.HasPrefix(s.Value, "$2") {
		return s.Value, nil
	}
	parts := s.Value
	if len(parts) == 31 {
		parts = s.Salt + parts
	}
	if len(parts) != 53 || s.HashIterations < 4 || s.HashIterations > 31 {
		return "", errors.New("its bcrypt hash is malformed: it should look like $2a$10$…")
	}
	return fmt.Sprintf("$2b$%02d$%s", s.HashIterations, parts), nil
}

// decodedLength returns the number of bytes that a base64 text encodes.
func decodedLength(s string) int { return len(strings.TrimRight(s, "=")) * 6 / 8 }
