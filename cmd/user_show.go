package cmd

import (
	"context"

	"github.com/spf13/cobra"
)

func newUserShow(a *app) *cobra.Command {
	var o output
	c := &cobra.Command{
		Use:   "show NAME|ID",
		Short: "Show a user, what password it has, and what keeps it from signing in",
		Long: `Show a user: what kind of password it has, never its hash; how many sessions are alive; when it
signed in last; and everything that keeps it from signing in with its password now. The latest
sign-in is told by the audit trail and by the sessions; "-" means that neither knows of one.

A user is named by its username or by its id, here and in every command that takes one. Text in
the form of an id (8-4-4-4-12 hexadecimal digits) is an id if somebody has it, and else a username.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return showUser(c.Context(), a, &o, args[0]) },
	}
	o.addFlag(c, "table", "json", "yaml", "ids")
	return c
}

func showUser(ctx context.Context, a *app, o *output, name string) error {
	inst, err := a.open(ctx, opening{reads: true})
	if err != nil {
		return err
	}
	defer inst.close()
	user, err := findUser(ctx, a, inst, name)
	if err != nil {
		return withRelease(ctx, inst, name, err)
	}
	standing, err := inst.authn.Standing(ctx, user.ID)
	if err != nil {
		return err
	}
	return printStanding(a, o, viewStanding(standing))
}
