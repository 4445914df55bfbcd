package userfile

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/authctl/authctl/authn"
)

// gotrue reads a row of auth.users as JSON (SELECT to_json(u) FROM auth.users u).
func (r *Reader) gotrue(o object) (authn.Arrival, error) {
	cells := map[string]string{}
	for name, raw := range o {
		cells[name] = ""
		if string(raw) != "null" {
			cells[name] = trimmed(text(raw))
		}
	}
	clear(o)
	return r.gotrueRow(cells)
}

// gotrueRow reads the fields of a row of auth.users, from JSON or from CSV (\copy auth.users
// to 'users.csv' csv header).
func (r *Reader) gotrueRow(cells map[string]string) (u authn.Arrival, err error) {
	for name, value := range cells {
		if value == "" || slices.Contains(gotrueColumns().known, name) {
			continue
		}
		if cells["encrypted_password"] == "" && isHash(plainName(name)) {
			return u, errHashLost(name)
		}
		r.drop(name)
	}
	if u.EmailVerifiedAt, err = r.gotrueConfirmedAt(cells); err != nil {
		return u, err
	}
	if err = r.identify(&u, identity{email: cells["email"], confirmed: confirmedIf(!u.EmailVerifiedAt.IsZero(), cells["email"])}); err != nil {
		return u, err
	}
	if cells["id"] == "" {
		return u, errors.New("it has no id")
	}
	if err = setID(&u, "gotrue", cells["id"]); err != nil {
		return u, err
	}
	u.PasswordHash = cells["encrypted_password"]
	if u.CreatedAt, err = r.time("created_at", cells["created_at"]); err != nil {
		return u, err
	}
	banned, err := r.until("banned_until", cells["banned_until"], time.Now())
	if err != nil {
		return u, err
	}
	if cells["deleted_at"] != "" || banned {
		u.DisabledAt = later(u.CreatedAt)
	}
	var app object
	if json.Unmarshal([]byte(cells["raw_app_meta_data"]), &app) == nil {
		delete(app, "provider") // of GoTrue itself
		delete(app, "providers")
		r.metadata(&u, "raw_app_meta_data", app)
	}
	return u, nil
}

// gotrueConfirmedAt returns when the user's e-mail address was confirmed, zero for never. Old
// releases have only confirmed_at. Later releases also set confirmed_at for a confirmed telephone
// number.
func (r *Reader) gotrueConfirmedAt(cells map[string]string) (time.Time, error) {
	column := "email_confirmed_at"
	if _, is := cells[column]; !is && cells["phone"] == "" {
		column = "confirmed_at"
	}
	return r.time(column, cells[column])
}
