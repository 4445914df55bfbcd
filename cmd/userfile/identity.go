package userfile

import (
	"slices"
	"strings"

	"github.com/authctl/authctl/authn"
)

// identity is what another program lets a user sign in with, and which of it that program
// has confirmed.
type identity struct {
	username  string
	email     string
	confirmed []string // e-mail addresses that the export says are the user's
}

// confirmedIf returns the address alone, or none.
func confirmedIf(confirmed bool, email string) []string {
	if !confirmed || email == "" {
		return nil
	}
	return []string{email}
}

// identify chooses the user's name, and says whether it is an address that nobody has
// confirmed. An export that does not say so of an address does not confirm it.
func (r *Reader) identify(u *authn.Arrival, i identity) (err error) {
	if u.Username, err = r.username(i.username, i.email); err != nil {
		return err
	}
	u.Unverified = i.unconfirmed(u.Username)
	return nil
}

// unconfirmed reports whether a name is the e-mail address, or looks like one, and is none
// of the confirmed addresses. Some programs let people choose any name, also somebody
// else's address.
func (i identity) unconfirmed(name string) bool {
	if name != i.email && !strings.ContainsAny(name, "@＠") { // the wide one becomes the other where names are compared
		return false
	}
	name = strings.ToLower(name)
	return !slices.ContainsFunc(i.confirmed, func(address string) bool { return strings.ToLower(address) == name })
}
