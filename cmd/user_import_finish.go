package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/authctl/authctl/cmd/userfile"
)

// finish prints the messages that follow the counts of an import.
func (i *importer) finish(ctx context.Context, reader *userfile.Reader, failed error) {
	if _, onTerminal := terminal(i.a.err); onTerminal {
		fmt.Fprintln(i.a.err)
	}
	if names := reader.Unkept(); len(names) > 0 {
		i.a.say("not kept: %s", strings.Join(names, ", "))
	}
	if roles := reader.LostRoles(); len(roles) > 0 {
		i.a.say("roles not kept, because a role has 1 to 64 characters of a-z 0-9 _ . : - here: %s", strings.Join(roles, ", "))
	}
	if n := reader.Zoneless(); n > 0 {
		i.a.say("%s in the file without a zone: taken as UTC", are(n, "time"))
	}
	for _, r := range i.rejects.first {
		i.a.say("%s %d: %s", r.unit, r.Line, r.Reason)
	}
	if more := i.view.Rejected - len(i.rejects.first); i.rejects.file == nil && more > 0 {
		i.a.say("and %d more; --rejects FILE writes all of them to a file", more)
	}
	i.sayUnverified()
	i.sayAddresses()
	if n := i.view.Skipped; n > 0 {
		i.a.say("%s of clients skipped: nobody signs in with them", count(int64(n), "service account"))
	}
	if n := i.view.WithoutPassword; n > 0 {
		i.a.say("warning: %s no password, and so no way to sign in with one; a later import of a file with the password adds it", have(n, "user"))
	}
	switch {
	case failed != nil:
		i.sayStopped()
	case i.rowsRead() == 0:
		i.a.say("warning: the file has no users")
	}
}

// sayStopped reports the progress of a failed import.
func (i *importer) sayStopped() {
	v, became := i.view, "imported"
	if i.dryRun {
		became = "would be imported"
	}
	rows := i.rowsRead()
	if rows == 0 {
		i.a.say("no user was imported")
		return
	}
	i.a.say("%s before it stopped: %d %s, %d got a password, %d already there, %d skipped, %d rejected",
		count(int64(rows), "row"), v.Imported, became, v.Filled, v.There, v.Skipped, v.Rejected)
}

// rowsRead returns how many rows have been read and dealt with.
func (i *importer) rowsRead() int {
	v := i.view
	return v.Imported + v.Filled + v.There + v.Skipped + v.Rejected
}
