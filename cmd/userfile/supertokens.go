package userfile

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"sync"

	"github.com/authctl/authctl/authn"
)

// superTokensColumns returns the columns of emailpassword_users, and those that a query adds.
func superTokensColumns() columns {
	return columns{
		known: []string{"app_id", "user_id", "external_user_id", "email", "password_hash", "time_joined", "is_verified", "roles"},
		must:  []string{"user_id", "email", "password_hash"}, hash: "password_hash", open: true,
	}
}

// superTokens reads a user in the form of SuperTokens' bulk import. A user may have several ways to
// sign in, and one of them is the password.
func (r *Reader) superTokens(o object) (authn.Arrival, error) {
	var own, id, external string
	var methods []object
	var roles []json.RawMessage
	if err := o.takeAll(map[string]any{"id": &own, "userId": &id, "externalUserId": &external, "loginMethods": &methods, "userRoles": &roles}); err != nil {
		return authn.Arrival{}, err
	}
	cells := map[string]string{"user_id": first(own, id), "external_user_id": external}
	for _, method := range methods {
		if kind := text(method["recipeId"]); kind != "emailpassword" {
			r.drop("loginMethods of " + kind)
			if cells["email"] != "" {
				continue
			}
		}
		for member, column := range map[string]string{"email": "email", "passwordHash": "password_hash", "isVerified": "is_verified", "verified": "is_verified",
			"timeJoinedInMSSinceEpoch": "time_joined", "timeJoined": "time_joined"} {
			if raw, is := method[member]; is && string(raw) != "null" {
				cells[column] = text(raw)
			}
		}
		if text(method["plainTextPassword"]) != "" {
			return authn.Arrival{Email: cells["email"]}, errors.New("it has the password itself (plainTextPassword), not a hash: import it in SuperTokens, and export it there")
		}
	}
	u, err := r.superTokensRow(cells)
	for _, raw := range roles { // "admin", or {"role":"admin","tenantIds":[…]}
		var role struct{ Role string }
		if json.Unmarshal(raw, &role) != nil {
			role.Role = text(raw)
		}
		r.grant(&u, role.Role)
	}
	return u, err
}

func (r *Reader) superTokensRow(cells map[string]string) (u authn.Arrival, err error) {
	email, confirmed := pick(cells, "email"), isTrue(pick(cells, "is_verified"))
	u.Email = email
	if err = r.identify(&u, identity{email: email, confirmed: confirmedIf(confirmed, email)}); err != nil {
		return u, err
	}
	id := pick(cells, "external_user_id", "user_id")
	u.Origin = "supertokens/" + first(id, email)
	if err = setID(&u, "supertokens", id); err != nil {
		return u, err
	}
	if u.CreatedAt, err = r.timeOrCount("time_joined", pick(cells, "time_joined")); err != nil {
		return u, err
	}
	if u.PasswordHash, err = r.superTokensHash(pick(cells, "password_hash")); err != nil {
		return u, err
	}
	r.grant(&u, words(pick(cells, "roles"))...)
	pick(cells, "app_id")
	return r.leave(u, cells)
}

var superTokensFirebase = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\$f_scrypt\$([^$]+)\$([^$]+)\$m=(\d+)\$r=(\d+)\$s=([^$]+)$`)
})

// superTokensHash converts a hash of Firebase, which SuperTokens writes in a form of its own.
func (r *Reader) superTokensHash(hash string) (string, error) {
	m := superTokensFirebase().FindStringSubmatch(hash)
	if m == nil {
		return hash, nil
	}
	c := r.options.Firebase
	if c.SignerKey == "" {
		return "", errors.New("its password is one of Firebase and needs that project's hash parameters: --firebase-config")
	}
	c.SaltSeparator = m[5]
	c.MemCost, _ = strconv.Atoi(m[3])
	c.Rounds, _ = strconv.Atoi(m[4])
	return c.hash(m[2], m[1]), nil
}
