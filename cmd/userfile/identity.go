package userfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/authctl/authctl/authn"
)

// identity has the names with which another program lets a user sign in, and the addresses that
// the program has confirmed.
type identity struct {
	username  string
	slug      string // the username without blanks, of a program that has one
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

// identify sets the username and the address. It also says whether the user would sign in by an
// unconfirmed address. An address is confirmed only if the export says so. A user who has no
// username gets one of [authn.Service.CheckArrival].
func (r *Reader) identify(u *authn.Arrival, i identity) (err error) {
	i.username, i.slug, i.email = trimmed(i.username), trimmed(i.slug), trimmed(i.email)
	for n, address := range i.confirmed {
		i.confirmed[n] = trimmed(address)
	}
	if u.Username, err = r.username(i); err != nil {
		return err
	}
	if tooLong(u.Username) && strings.EqualFold(u.Username, i.email) {
		u.Username = "" // an address may have 254 characters, and a username only 64
	}
	u.Email, u.EmailVerified = i.email, i.email != "" && !i.unconfirmed(i.email)
	u.Unverified = u.Username == "" && !u.EmailVerified || i.unconfirmed(u.Username)
	return nil
}

// username chooses the username. It is "" for a user who has only an address, unless addresses are
// to become usernames.
func (r *Reader) username(i identity) (string, error) {
	switch from := r.options.UsernameFrom; {
	case (from == "username" || from == "login") && i.username == "", from == "email" && i.email == "":
		return "", fmt.Errorf("it has no %s", from)
	case from == "email":
		return i.email, nil
	case i.username == "" && i.email == "":
		return "", errors.New("it has neither a username nor an e-mail address")
	case from == "slug":
		return first(i.slug, hyphenated(i.username)), nil
	}
	return i.username, nil
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
