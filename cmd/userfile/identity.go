package userfile

import (
	"slices"
	"strings"

	"github.com/authctl/authctl/authn"
)

// identity has the names with which another program lets a user sign in, and the addresses that
// the program has confirmed.
type identity struct {
	username  string
	email     string
	confirmed []string // e-mail addresses that the export marks as confirmed
}

// confirmedIf returns a list with the address if it is confirmed, and else nil.
func confirmedIf(confirmed bool, email string) []string {
	if !confirmed || email == "" {
		return nil
	}
	return []string{email}
}

// identify sets the username, and whether it is an unconfirmed address. An address is confirmed
// only if the export says so.
func (r *Reader) identify(u *authn.Arrival, i identity) (err error) {
	if u.Username, err = r.username(i.username, i.email); err != nil {
		return err
	}
	u.Unverified = i.unconfirmed(u.Username)
	return nil
}

// unconfirmed reports whether a name is or looks like an e-mail address, and is not one of the
// confirmed addresses. Some programs let users choose any name, even the address of another
// person.
func (i identity) unconfirmed(name string) bool {
	if name != i.email && !strings.ContainsAny(name, "@＠") { // comparing names folds the wide sign to the plain one
		return false
	}
	name = strings.ToLower(name)
	return !slices.ContainsFunc(i.confirmed, func(address string) bool { return strings.ToLower(address) == name })
}
