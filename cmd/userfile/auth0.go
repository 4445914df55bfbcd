package userfile

import (
	"encoding/json"
	"fmt"

	"github.com/authctl/authctl/authn"
)

// auth0 reads a user of an Auth0 export with password hashes, one JSON object a line, or of
// a file for Auth0's bulk import.
func (r *Reader) auth0(o object) (u authn.Arrival, err error) {
	var username, email, userID, hash, snake, created string
	var oid struct {
		OID string `json:"$oid"`
	}
	var blocked, verified bool
	var app object
	var custom struct {
		Algorithm string
		Hash      struct{ Value, Encoding string }
	}
	err = o.takeAll(map[string]any{"username": &username, "email": &email, "email_verified": &verified, "user_id": &userID, "_id": &oid, "passwordHash": &hash,
		"password_hash": &snake, "created_at": &created, "blocked": &blocked, "custom_password_hash": &custom, "app_metadata": &app})
	if err != nil {
		return u, err
	}
	if err = r.identify(&u, identity{username: username, email: email, confirmed: confirmedIf(verified, email)}); err != nil {
		return u, err
	}
	u.Origin = "auth0/" + first(oid.OID, userID, username, email)
	if id := first(oid.OID, userID); id != "" {
		if err = claimID(&u, id); err != nil {
			return u, err
		}
	}
	r.auth0Roles(&u, app)
	if u.CreatedAt, err = r.time("created_at", created); err != nil {
		return u, err
	}
	if blocked {
		u.DisabledAt = later(u.CreatedAt)
	}
	u.PasswordHash = first(hash, snake)
	if u.PasswordHash == "" && custom.Algorithm != "" {
		switch custom.Algorithm {
		case "bcrypt", "argon2", "pbkdf2", "scrypt": // in PHC or crypt(3) format
			u.PasswordHash = custom.Hash.Value
		default:
			return u, fmt.Errorf("its custom_password_hash has the algorithm %q, which cannot be verified", shown(custom.Algorithm))
		}
	}
	return u, nil
}

// auth0Roles grants the roles of a user's app_metadata. Auth0's extension for authorization has
// them one level deeper.
func (r *Reader) auth0Roles(u *authn.Arrival, app object) {
	var authorization object
	if json.Unmarshal(app["authorization"], &authorization) == nil {
		r.metadata(u, "app_metadata.authorization", authorization)
		delete(app, "authorization")
	}
	r.metadata(u, "app_metadata", app)
}

// first returns the first text that is not empty.
func first(of ...string) string {
	for _, s := range of {
		if s != "" {
			return s
		}
	}
	return ""
}

// text returns the value of a JSON string, or any other JSON unchanged.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}
