package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/store"
)

type revokeAllOptions struct {
	output
	confirmOptions
	user     string
	everyone bool
	reason   string
}

func newTokenRevokeAll(a *app) *cobra.Command {
	var o revokeAllOptions
	c := &cobra.Command{
		Use:   "revoke-all --user NAME | --everyone",
		Short: "End every session of a user, or of everybody, at once",
		Long: `End every session of a user, or of everybody. From the moment the command has
done so, a running server refuses every access and every refresh token that was
issued before. The rows of the dead sessions are deleted afterwards; that can be
interrupted, a running server finishes it.`,
		Example: `  authctl token revoke-all --user alice --reason "stolen laptop"
  authctl token revoke-all --everyone --dry-run
  authctl token revoke-all --everyone --yes --reason "INC-2041"`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.output.addFlag(c, "table", "json", "yaml")
	o.confirmOptions.addFlag(c)
	f := c.Flags()
	f.StringVar(&o.user, "user", "", "end the sessions of the user with this `name`")
	f.BoolVar(&o.everyone, "everyone", false, "end the sessions of all users")
	addReason(c, &o.reason)
	return c
}

// revokeAllView is the result in JSON and YAML.
type revokeAllView struct {
	Scope    string  `json:"scope"` // user or everyone
	User     *string `json:"user"`
	Sessions int64   `json:"sessions"` // alive when they were counted, just before
	Users    int64   `json:"users"`
	DryRun   bool    `json:"dry_run"`
	Reason   string  `json:"reason"`
}

func (o *revokeAllOptions) run(ctx context.Context, a *app) error {
	if o.everyone == (o.user != "") {
		return usage("authctl token revoke-all --help shows how it is called", "say whose sessions: either --user NAME or --everyone")
	}
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	view := revokeAllView{Scope: "everyone", DryRun: o.dryRun, Reason: o.reason}
	scope := store.Everyone()
	if !o.everyone {
		user, err := inst.authn.User(ctx, o.user)
		if err != nil {
			return err
		}
		view.Scope, view.User, scope = "user", &user.Username, store.OfUser(user.ID)
	}
	n, err := inst.authn.CountSessions(ctx, scope)
	if err != nil {
		return err
	}
	view.Sessions, view.Users = n.Sessions, n.Users
	what := count(n.Sessions, "session") + " of " + count(n.Users, "user")
	ok, err := o.confirm(ctx, a, "end "+what)
	if err != nil {
		return err
	}
	if ok {
		if err := inst.authn.EndSessions(ctx, a.actor(o.reason), scope); err != nil {
			return err
		}
		a.say("ended %s", what)
	}
	if err := o.print(a.out, view, revokeAllTable(view), nil); err != nil || o.dryRun {
		return err
	}
	return a.sweepRows(ctx, inst)
}

func revokeAllTable(v revokeAllView) table {
	scope := v.Scope
	if v.User != nil {
		scope = "user " + *v.User
	}
	done := "ended"
	if v.DryRun {
		done = "would end"
	}
	return table{
		header: []string{"SCOPE", "SESSIONS", "USERS", "STATE"},
		rows:   [][]string{{scope, fmt.Sprint(v.Sessions), fmt.Sprint(v.Users), done}},
	}
}

// sweepRows deletes the dead rows. The revocation holds without it, so what
// goes wrong here is said and is no failure.
func (a *app) sweepRows(ctx context.Context, inst *instance) error {
	_, onTerminal := terminal(a.err)
	var progress func(int64)
	if onTerminal {
		progress = func(done int64) { fmt.Fprintf(a.err, "\rauthctl: deleted %s ", count(done, "dead row")) }
	}
	done, err := sweep(ctx, inst.authn, sweepBatch, progress)
	if onTerminal {
		fmt.Fprintln(a.err)
	} else {
		a.say("deleted %s", count(done, "dead row"))
	}
	if ctx.Err() != nil {
		a.say("stopped deleting rows; the sessions are ended all the same, and a running server deletes the rest")
		return ctx.Err()
	}
	if err != nil {
		a.say("warning: the sessions are ended, but their rows could not all be deleted: %v", err)
	}
	return nil
}
