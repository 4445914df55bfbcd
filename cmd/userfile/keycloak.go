package userfile

import (
	"strings"
	"time"

	"github.com/authctl/authctl/authn"
)

// keycloak reads a user of the export of a Keycloak realm (kc.sh export, or the file of users
// beside it).
func (r *Reader) keycloak(o object) (u authn.Arrival, err error) {
	var id, username, email, client string
	var created int64 // milliseconds
	var verified bool
	enabled := true
	var credentials []keycloakCredential
	var roles []string
	err = o.takeAll(map[string]any{"id": &id, "username": &username, "email": &email, "emailVerified": &verified, "enabled": &enabled,
		"createdTimestamp": &created, "credentials": &credentials, "serviceAccountClientId": &client, "realmRoles": &roles})
	if err != nil {
		return u, err
	}
	if client != "" || strings.HasPrefix(username, "service-account-") && len(credentials) == 0 {
		u.Username = username
		return u, errNobody // the account of a client
	}
	if err = r.identify(&u, identity{username: username, email: email, confirmed: confirmedIf(verified, email)}); err != nil {
		return u, err
	}
	u.Origin = "keycloak/" + first(id, username, email)
	if err = setID(&u, "keycloak", id); err != nil {
		return u, err
	}
	r.grant(&u, roles...)
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
		if u.PasswordHash, err = c.hash(); err != nil {
			return u, err
		}
	}
	return u, nil
}

func millis(ms int64) time.Time {
	if ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// later returns the time to record for a disabled user whose export has no time for that.
func later(created time.Time) time.Time {
	if created.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return created
}
