package userfile

import (
	"slices"
	"strings"

	"github.com/authctl/authctl/authn"
)

// isTrue reports whether a cell is true, as databases write it.
func isTrue(cell string) bool {
	return slices.Contains([]string{"true", "t", "1", "yes", "y"}, strings.ToLower(cell))
}

// pick returns the value of the first of several columns that has one, and removes all of them.
func pick(cells map[string]string, names ...string) (value string) {
	for _, name := range names {
		if value == "" {
			value = cells[name]
		}
		delete(cells, name)
	}
	return value
}

// leave names the columns that are left and have a value, as not kept. It fails if the user has no
// password, and one of them seems to be its hash.
func (r *Reader) leave(u authn.Arrival, cells map[string]string) (authn.Arrival, error) {
	for name, value := range cells {
		if value == "" {
			continue
		}
		if u.PasswordHash == "" && isHash(plainName(name)) {
			return u, errHashLost(name)
		}
		r.drop(name)
	}
	return u, nil
}

// named identifies a user of a program that has usernames and confirms no addresses. The program's
// own names are trusted, whatever they look like.
func (r *Reader) named(u *authn.Arrival, i identity) error {
	if err := r.identify(u, i); err != nil {
		return err
	}
	u.Unverified = u.Unverified && (u.Username == "" || r.options.UsernameFrom == "email")
	return nil
}
