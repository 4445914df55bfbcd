package cmd

import (
	"errors"

	"github.com/authctl/authctl/cmd/userfile"
)

// The values of --unverified, for users whose username is an unconfirmed address.
const (
	rejectUnverified  = "reject"
	disableUnverified = "disable"
	keepUnverified    = "keep"
)

var errUnverified = errors.New("its username is an e-mail address that the file does not mark as confirmed (--unverified)")

func checkUnverified(policy string) error {
	switch policy {
	case rejectUnverified, disableUnverified, keepUnverified:
		return nil
	}
	return usage("", "--unverified must be reject, disable or keep, not %q", policy)
}

// judge counts a row with an unconfirmed username, and applies --unverified to it.
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

// sayUnverified reports the outcome for users with an unconfirmed username.
func (i *importer) sayUnverified() {
	if i.view.Unverified == 0 {
		return
	}
	became := "rejected; --unverified disable imports them as disabled users"
	switch i.unverified {
	case disableUnverified:
		became = "disabled; when you know who owns the address, run authctl user enable NAME"
	case keepUnverified:
		became = "kept: applications must not take such a name as proof of identity"
	}
	i.a.say("%s with a username that is an unconfirmed e-mail address: %s", count(int64(i.view.Unverified), "row"), became)
}
