package cmd

import (
	"context"

	"github.com/spf13/cobra"
)

func newUserShow(a *app) *cobra.Command {
	var o output
	c := &cobra.Command{
		Use:   "show NAME|ID",
		Short: "Show a user, the kind of password, and everything that blocks a sign-in",
		Long: `Show a user: the kind of password (never its hash), the number of live sessions, the latest
sign-in, and everything that blocks a sign-in with the password now. The latest sign-in comes from
the audit trail and from the sessions; "-" means that neither has one.

Every command that takes a user accepts the username, the id or the verified address. Text in the
form of an id (8-4-4-4-12 hexadecimal digits), or of an address, is that if a user has it.
Otherwise it is a username.`,
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
