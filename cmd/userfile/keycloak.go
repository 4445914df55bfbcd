package userfile

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/authctl/authctl/authn"
)

// keycloak reads a user of a realm's export (kc.sh export, or the file of users that
// goes with it).
func (r *Reader) keycloak(o object) (u authn.Arrival, err error) {
	var id, username, email string
	var created int64 // milliseconds
	var verified bool
	enabled := true
	var credentials []struct {
		Type, SecretData, CredentialData string
		CreatedDate                      int64
	}
	err = o.takeAll(map[string]any{"id": &id, "username": &username, "email": &email, "emailVerified": &verified, "enabled": &enabled,
		"createdTimestamp": &created, "credentials": &credentials})
	if err != nil {
		return u, err
	}
	if email != "" && username != "" {
		r.drop("email")
	}
	if err = r.identify(&u, identity{username, email, confirmedIf(verified, email)}); err != nil {
		return u, err
	}
	u.Origin = "keycloak/" + id
	u.ID, _ = parseID(id) // what is no UUID follows from the Origin
	u.CreatedAt = millis(created)
	if !enabled {
		u.DisabledAt = later(u.CreatedAt)
	}
	for _, c := range credentials {
		if c.Type != "password" {
			r.drop("credentials of the type " + c.Type)
			continue
		}
		u.PasswordChangedAt = millis(c.CreatedDate)
		if u.PasswordHash, err = keycloakHash(c.SecretData, c.CredentialData); err != nil {
			return u, err
		}
	}
	return u, nil
}

// keycloakHash writes a credential as a PHC string.
func keycloakHash(secretData, credentialData string) (string, error) {
	var secret struct{ Value, Salt string }
	var data struct {
		HashIterations       int
		Algorithm            string
		AdditionalParameters map[string][]string
	}
	if json.Unmarshal([]byte(secretData), &secret) != nil || json.Unmarshal([]byte(credentialData), &data) != nil {
		return "", fmt.Errorf("its credential is no JSON")
	}
	more := func(name string) string { return strings.Join(data.AdditionalParameters[name], "") }
	switch data.Algorithm {
	case "pbkdf2", "pbkdf2-sha256", "pbkdf2-sha512":
		algorithm := data.Algorithm
		if algorithm == "pbkdf2" {
			algorithm = "pbkdf2-sha1"
		}
		return fmt.Sprintf("$%s$i=%d,l=%d$%s$%s", algorithm, data.HashIterations, decodedLength(secret.Value), secret.Salt, secret.Value), nil
	case "argon2":
		if more("version") != "1.3" {
			return "", fmt.Errorf("its Argon2 is of version %q, and only 1.3 can be verified", shown(more("version")))
		}
		return fmt.Sprintf("$argon2%s$v=19$m=%s,t=%d,p=%s$%s$%s", more("type"), more("memory"), data.HashIterations, more("parallelism"), secret.Salt, secret.Value), nil
	}
	return "", fmt.Errorf("its password has the algorithm %q, which is none that can be verified", shown(data.Algorithm))
}

// decodedLength is how many bytes a base64 text stands for.
func decodedLength(s string) int { return len(strings.TrimRight(s, "=")) * 6 / 8 }

func millis(ms int64) time.Time {
	if ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// later is when a user was disabled of whom only that is known.
func later(created time.Time) time.Time {
	if created.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return created
}
