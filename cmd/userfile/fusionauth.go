package userfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/authctl/authctl/authn"
)

// fusionAuthColumns returns the columns of the query that exports FusionAuth's users.
func fusionAuthColumns() columns {
	return columns{
		known: []string{"id", "username", "email", "password", "salt", "encryption_scheme", "factor", "verified", "active", "insert_instant", "roles"},
		must:  []string{"id", "password", "salt", "encryption_scheme", "factor"}, hash: "password", login: "username", open: true,
	}
}

// fusionAuth reads a user in the form of FusionAuth's API for imports.
func (r *Reader) fusionAuth(o object) (authn.Arrival, error) {
	var registrations []struct{ Roles []string }
	if err := o.take("registrations", &registrations); err != nil {
		return authn.Arrival{}, err
	}
	for member, column := range map[string]string{"encryptionScheme": "encryption_scheme", "insertInstant": "insert_instant"} {
		if raw, is := o[member]; is {
			o[column] = raw
			delete(o, member)
		}
	}
	if _, own := o["encryption_scheme"]; !own && o["password"] != nil {
		for name, value := range r.defaults {
			if _, own := o[name]; !own {
				o[name], _ = json.Marshal(value)
			}
		}
	}
	if _, is := o["active"]; !is {
		o["active"] = json.RawMessage("true")
	}
	u, err := flat(r.fusionAuthRow)(o)
	for _, registration := range registrations {
		r.grant(&u, registration.Roles...)
	}
	return u, err
}

// fusionAuthDefault takes the scheme and the factor that a file has for all its users.
func (r *Reader) fusionAuthDefault(name string, value json.RawMessage) {
	switch {
	case name == "":
		r.defaults = map[string]string{}
	case string(value) == "null":
	case name == "encryptionScheme":
		r.defaults["encryption_scheme"] = text(value)
	case name == "factor":
		r.defaults["factor"] = text(value)
	}
}

func (r *Reader) fusionAuthRow(cells map[string]string) (u authn.Arrival, err error) {
	name, email, id := pick(cells, "username"), pick(cells, "email"), pick(cells, "id")
	confirmed := isTrue(pick(cells, "verified"))
	u.Username, u.Email = name, email
	if err = r.identify(&u, identity{username: name, email: email, confirmed: confirmedIf(confirmed, email)}); err != nil {
		return u, err
	}
	u.Origin = "fusionauth/" + first(id, name, email)
	if err = setID(&u, "fusionauth", id); err != nil {
		return u, err
	}
	if u.CreatedAt, err = r.timeOrCount("insertInstant", pick(cells, "insert_instant")); err != nil {
		return u, err
	}
	if active := pick(cells, "active"); active != "" && !isTrue(active) {
		u.DisabledAt = later(u.CreatedAt)
	}
	hash := fusionAuthHash{value: pick(cells, "password"), salt: pick(cells, "salt"), scheme: pick(cells, "encryption_scheme"), factor: pick(cells, "factor")}
	if u.PasswordHash, err = hash.text(); err != nil {
		return u, err
	}
	r.grant(&u, words(pick(cells, "roles"))...)
	return r.leave(u, cells)
}

// fusionAuthHash is a password as FusionAuth keeps it, in four columns.
type fusionAuthHash struct{ value, salt, scheme, factor string }

// text returns the hash in PHC or crypt(3) format.
func (h fusionAuthHash) text() (string, error) {
	switch h.scheme {
	case "salted-pbkdf2-hmac-sha256", "salted-pbkdf2-hmac-sha256-512":
		return fmt.Sprintf("$pbkdf2-sha256$i=%s,l=%d$%s$%s", h.factor, decodedLength(h.value), h.salt, h.value), nil
	case "salted-pbkdf2-hmac-sha512-512":
		return fmt.Sprintf("$pbkdf2-sha512$i=%s,l=%d$%s$%s", h.factor, decodedLength(h.value), h.salt, h.value), nil
	case "bcrypt":
		if strings.HasPrefix(h.value, "$2") {
			return h.value, nil
		}
		return fmt.Sprintf("$2a$%02s$%s%s", h.factor, h.salt, h.value), nil
	case "":
		if isNone(h.value) {
			return "", nil
		}
		return "", errors.New("it has no encryptionScheme of its password, and the file has none before its users")
	}
	return "", fmt.Errorf("its password has the scheme %q, which cannot be verified: import the user without it, and send a link to reset it", shown(h.scheme))
}
