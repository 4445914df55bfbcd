package userfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/authctl/authctl/authn"
)

// FirebaseConfig has the hash parameters of a Firebase project, as the Firebase console shows them.
type FirebaseConfig struct {
	SignerKey     string // base64
	SaltSeparator string // base64
	Rounds        int
	MemCost       int
}

var firebaseField = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^\s*"?(\w+)"?\s*:\s*"?([^",\s]+)"?,?\s*$`) })

// ParseFirebaseConfig parses the block hash_config { … } that the Firebase console shows under
// "Password hash parameters", or the same parameters as JSON.
func ParseFirebaseConfig(text string) (c FirebaseConfig, err error) {
	fields := map[string]string{}
	for _, m := range firebaseField().FindAllStringSubmatch(text, -1) {
		fields[m[1]] = m[2]
	}
	if algorithm := fields["algorithm"]; algorithm != "SCRYPT" {
		return c, fmt.Errorf("the algorithm is %q, and only SCRYPT is Firebase's own", algorithm)
	}
	c.SignerKey, c.SaltSeparator = fields["base64_signer_key"], fields["base64_salt_separator"]
	if c.SignerKey == "" || c.SaltSeparator == "" {
		return c, errors.New("base64_signer_key or base64_salt_separator is missing")
	}
	if c.Rounds, err = strconv.Atoi(fields["rounds"]); err != nil {
		return c, errors.New("rounds is missing or not a number")
	}
	if c.MemCost, err = strconv.Atoi(fields["mem_cost"]); err != nil {
		return c, errors.New("mem_cost is missing or not a number")
	}
	return c, nil
}

// hash returns a password hash in the format of GoTrue.
func (c FirebaseConfig) hash(salt, tag string) string {
	return fmt.Sprintf("$fbscrypt$v=1,n=%d,r=%d,p=1,ss=%s,sk=%s$%s$%s", c.MemCost, c.Rounds, standard(c.SaltSeparator), standard(c.SignerKey), standard(salt), standard(tag))
}

// standard converts URL-safe base64 to standard base64.
func standard(s string) string { return strings.NewReplacer("-", "+", "_", "/").Replace(s) }

// firebase reads a user of `firebase auth:export users.json`.
func (r *Reader) firebase(o object) (u authn.Arrival, err error) {
	var id, email, hash, salt, created, custom string
	var disabled, verified bool
	err = o.takeAll(map[string]any{"localId": &id, "email": &email, "emailVerified": &verified, "passwordHash": &hash, "salt": &salt, "createdAt": &created, "disabled": &disabled, "customAttributes": &custom})
	if err != nil {
		return u, err
	}
	if err = r.identify(&u, identity{email: email, confirmed: confirmedIf(verified, email)}); err != nil {
		return u, err
	}
	u.Origin = "firebase/" + first(id, email)
	if err = setID(&u, "firebase", id); err != nil {
		return u, err
	}
	if err = r.firebaseClaims(&u, custom); err != nil {
		return u, err
	}
	if ms, err := strconv.ParseInt(created, 10, 64); err == nil {
		u.CreatedAt = millis(ms)
	}
	if disabled {
		u.DisabledAt = later(u.CreatedAt)
	}
	if hash == "" {
		return u, nil
	}
	if r.options.Firebase.SignerKey == "" {
		return u, errors.New("its password needs the project's hash parameters: --firebase-config")
	}
	u.PasswordHash = r.options.Firebase.hash(salt, hash)
	return u, nil
}

// firebaseClaims grants the roles in a user's custom claims: the members role and roles, and each
// member that is true, such as {"admin":true}.
func (r *Reader) firebaseClaims(u *authn.Arrival, custom string) error {
	claims := object{}
	if custom == "" {
		return nil
	}
	if json.Unmarshal([]byte(custom), &claims) != nil {
		return errors.New("its customAttributes are not the text of a JSON object")
	}
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if string(claims[name]) == "true" {
			r.grant(u, name)
			delete(claims, name)
		}
	}
	r.metadata(u, "customAttributes", claims)
	return nil
}
