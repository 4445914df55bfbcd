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
	for name := range fields {
		r.drop(name)
	}
	if err = r.identify(&u, identity{username: username, email: email}); err != nil {
		return u, err
	}
	u.Unverified = u.Unverified && username == "" // a project in which nothing confirms addresses keeps its names
	u.Origin = "django/" + model + "/" + string(pk)
	u.ID, _ = parseID(text(pk)) // usually a number; then the Origin gives the id
	if u.CreatedAt, err = parseTime("date_joined", joined); err != nil {
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
