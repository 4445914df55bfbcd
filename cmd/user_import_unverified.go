package cmd

import (
	"errors"

	"github.com/authctl/authctl/cmd/userfile"
)

// The values of --unverified, for users who would sign in by an unconfirmed address.
const (
	rejectUnverified  = "reject"
	disableUnverified = "disable"
	keepUnverified    = "keep"
)

var errUnverified = errors.New("it would sign in by an e-mail address that the file does not mark as confirmed (--unverified)")

func checkUnverified(policy string) error {
	switch policy {
	case rejectUnverified, disableUnverified, keepUnverified:
		return nil
	}
	return usage("", "--unverified must be reject, disable or keep, not %q", policy)
}

// judge counts a row of a user who would sign in by an unconfirmed address, and applies --unverified to it.
func (i *importer) judge(row *userfile.Row) {
	i.view.Unverified++
	switch {
	case row.Err != nil:
	case i.unverified == rejectUnverified:
		row.Err = errUnverified
	case i.unverified == disableUnverified && row.User.DisabledAt.IsZero():
		row.User.DisabledAt = i.begun
	}
}

// sayUnverified reports the outcome for users who would sign in by an unconfirmed address.
func (i *importer) sayUnverified() {
	if i.view.Unverified == 0 {
		return
	}
	became := "rejected; --unverified disable imports them as disabled users"
	switch i.unverified {
	case disableUnverified:
		became = "disabled; when you know who owns the address, run authctl user enable NAME"
	case keepUnverified:
		became = "kept: applications must not take such an address as proof of identity"
	}
	i.a.say("%s with an unconfirmed e-mail address to sign in by: %s", count(int64(i.view.Unverified), "row"), became)
}

// sayAddresses reports what became of the addresses, and warns when nobody can sign in by them.
func (i *importer) sayAddresses() {
	if n := i.view.AddressesLost; n > 0 {
		i.a.say("warning: %s imported without the e-mail address of the file: it cannot get mail from here", are(n, "user"))
	}
	switch n := i.view.NamesMade; {
	case n == 0:
	case i.inst.authn.EmailOn():
		i.a.say("%s without a username: each got a name made of the id, and signs in by the e-mail address", are(n, "user"))
	default:
		i.a.say("warning: %s without a username, and e-mail is off here: nobody can sign in by an address until mail.url or accounts.email is set; --username-from email makes the address the username", are(n, "user"))
	}
}
