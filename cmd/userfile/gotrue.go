package userfile

import (
	"slices"
	"strings"
	"time"

	"github.com/authctl/authctl/authn"
)

// gotrue reads a row of auth.users as JSON (SELECT to_json(u) FROM auth.users u).
func (r *Reader) gotrue(o object) (authn.Arrival, error) {
	cells := map[string]string{}
	for name, raw := range o {
		cells[name] = ""
		if string(raw) != "null" {
			cells[name] = text(raw)
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
	if u.EmailVerifiedAt, err = gotrueConfirmedAt(cells); err != nil {
		return u, err
	}
	if err = r.identify(&u, identity{"", cells["email"], confirmedIf(!u.EmailVerifiedAt.IsZero(), cells["email"])}); err != nil {
		return u, err
	}
	if u.ID, err = parseID(cells["id"]); err != nil {
		return u, err
	}
	u.PasswordHash = cells["encrypted_password"]
	if u.CreatedAt, err = parseTime("created_at", cells["created_at"]); err != nil {
		return u, err
	}
	banned, err := parseTime("banned_until", strings.TrimSpace(cells["banned_until"]))
	if err != nil {
		return u, err
	}
	if cells["deleted_at"] != "" || banned.After(time.Now()) {
		u.DisabledAt = later(u.CreatedAt)
	}
	return u, nil
}

// gotrueConfirmedAt returns when the user's e-mail address was confirmed, zero for never. Old
// releases have only confirmed_at. Later releases also set confirmed_at for a confirmed telephone
// number.
func gotrueConfirmedAt(cells map[string]string) (time.Time, error) {
	column := "email_confirmed_at"
	if _, is := cells[column]; !is && cells["phone"] == "" {
		column = "confirmed_at"
	}
	return parseTime(column, cells[column])
}
