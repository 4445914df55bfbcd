package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/store"
)

// serverSeenWithin is how lately a server must have been seen on a database for it to be taken for
// the one that people sign in to.
const serverSeenWithin = 24 * time.Hour

// unattendedOptions is for commands that end the access of all or many users. On a database that no
// server uses, such a command has no effect on users, but its success would suggest one.
type unattendedOptions struct{ withoutServers bool }

func (o *unattendedOptions) addFlag(c *cobra.Command) {
	c.Flags().BoolVar(&o.withoutServers, "without-servers", false, "confirm that this database is the right one, although no server has used it within a day")
}

// doubt returns a problem to end with when no server has been seen on the database within a day,
// unless a person at the terminal has been asked for, and has agreed to, what is to be done all the same.
// Without a terminal it is done, for it may be right and urgent.
func (o *unattendedOptions) doubt(ctx context.Context, a *app, inst *instance, confirmed confirmOptions, what string) (doubt, err error) {
	if o.withoutServers {
		return nil, nil
	}
	looking, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	last, err := inst.authn.Cluster.LastServer(looking)
	if err != nil && (ctx.Err() != nil || !errors.Is(err, store.ErrUnavailable)) {
		return nil, err
	}
	if err != nil { // it must not hold up what ends access
		a.say("warning: the command could not find out in time whether a server uses this database")
		return nil, nil
	}
	if last.Ever && last.Ago < serverSeenWithin {
		return nil, nil
	}
	why := fmt.Sprintf("no server has used %s within a day (%s)", a.database, seenAgo(last))
	if _, ok := terminal(a.in); ok && !confirmed.dryRun {
		_, err := confirmOptions{}.ask(ctx, a, what, fmt.Sprintf("%s: is it the database that people sign in to? %s anyway? [y/N] ", why, what), "y", "yes")
		return nil, err
	}
	a.say("warning: %s", why)
	if confirmed.dryRun {
		return nil, nil
	}
	return &problem{exitPartial, fmt.Errorf("done in %s, but no server has used it within a day: if people sign in to another database, they are still signed in", a.database),
		"set DATABASE_URL or database.url to the servers' database and run the command again; if this database is the right one and has no server, add --without-servers"}, nil
}

func seenAgo(last store.LastServer) string {
	if !last.Ever {
		return "it knows of no server at all"
	}
	return fmt.Sprintf("the latest was seen %s ago", last.Ago.Round(time.Hour))
}
