package cmd

import (
	"context"
	"fmt"

	"github.com/authctl/authctl/authn"
)

// sweepRows deletes the rows of dead sessions. The revocation holds without that, so sweepRows
// reports an error as a message and fails only on an interruption.
func (a *app) sweepRows(ctx context.Context, inst *instance, filter authn.SessionFilter, n sessionCount) (deleted int64, err error) {
	if !filter.Whole() {
		return 0, nil // they are gone
	}
	_, onTerminal := terminal(a.err)
	var progress func(int64)
	if onTerminal {
		progress = func(done int64) { fmt.Fprintf(a.err, "\rauthctl: %s ", sweepProgress(deleted+done, n)) }
	}
	for _, scope := range filter.Scopes() {
		n, err := inst.authn.Sweep(ctx, scope, progress)
		deleted += n
		if ctx.Err() != nil {
			a.say("stopped deleting rows; the sessions are ended, and a running server deletes the remaining rows")
			return deleted, ctx.Err()
		}
		if err != nil {
			a.say("warning: the sessions are ended, but some of their rows could not be deleted: %s", oneLine(err))
			return deleted, nil
		}
	}
	if onTerminal {
		fmt.Fprintln(a.err)
	} else {
		a.say("deleted %s", count(deleted, "dead row"))
	}
	return deleted, nil
}

// sweepProgress draws how many rows are deleted, of how many, where that is known. There
// may be more of them than there were sessions alive.
func sweepProgress(done int64, n sessionCount) string {
	rows := "deleted " + count(done, "dead row")
	if !n.whole || n.Sessions == 0 {
		return rows
	}
	return progressBar(done, n.Sessions) + " " + rows
}
