package userfile

import (
	"encoding/json"
	"strings"

	"github.com/authctl/authctl/authn"
)

// django reads an object of `manage.py dumpdata auth.user`, or of the project's own user
// model. It skips objects of other models.
func (r *Reader) django(o object) (u authn.Arrival, err error) {
	var model string
	var fields object
	var pk json.RawMessage
	if err = o.takeAll(map[string]any{"model": &model, "pk": &pk, "fields": &fields}); err != nil {
		return u, err
	}
	if _, is := fields["password"]; !is {
		return u, errSkip
	}
	var username, email, joined string
	active := true
	err = fields.takeAll(map[string]any{"username": &username, "email": &email, "password": &u.PasswordHash, "is_active": &active, "date_joined": &joined})
	if err != nil {
		return u, err
	}
	if err = r.identify(&u, identity{username: username, email: email}); err != nil {
		return u, err
	}
	u.Unverified = u.Unverified && username == "" // a project in which nothing confirms addresses keeps its names
	u.Origin = "django/" + model + "/" + string(pk)
	if err = setID(&u, "django/"+model, text(pk)); err != nil {
		return u, err
	}
	r.grant(&u, djangoGroups(fields)...)
	for name := range fields {
		r.drop(name)
	}
	if u.CreatedAt, err = r.time("date_joined", joined); err != nil {
		return u, err
	}
	if !active {
		u.DisabledAt = later(u.CreatedAt)
	}
	if strings.HasPrefix(u.PasswordHash, "!") { // unusable, in Django's words
		u.PasswordHash = ""
	}
	return u, nil
}

// djangoGroups returns the names of a user's groups, and removes them from the fields. A dump has
// names only with --natural-foreign, and numbers without.
func djangoGroups(fields object) (names []string) {
	var groups [][]string
	if json.Unmarshal(fields["groups"], &groups) != nil {
		return nil
	}
	delete(fields, "groups")
	for _, group := range groups {
		names = append(names, group...)
	}
	return names
}
