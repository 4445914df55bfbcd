package cmd

import (
	"context"

	"github.com/spf13/cobra"
)

type userSetEmailOptions struct {
	output
	unverified bool
	remove     bool
	reason     string
}

func newUserSetEmail(a *app) *cobra.Command {
	var o userSetEmailOptions
	c := &cobra.Command{
		Use:   "set-email NAME|ID ADDRESS|--remove",
		Short: "Set or remove a user's e-mail address",
		Long: `Set a user's e-mail address. It counts as verified: with it the user signs in, and gets links for
a new password. So make sure that it is the user's. With --unverified the address is recorded,
and a link that verifies it is mailed if mail is configured.

Links that the user has got before are no longer good. A verified address that the new one takes
the place of gets a notice. Sessions live on.`,
		Example: `  authctl user set-email alice alice@example.com
  authctl user set-email alice --remove`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args) },
	}
	o.addFlag(c, "table", "json", "yaml", "ids")
	c.Flags().BoolVar(&o.unverified, "unverified", false, "nobody has confirmed that the address is the user's")
	c.Flags().BoolVar(&o.remove, "remove", false, "leave the user without an address")
	addReason(c, &o.reason)
	return c
}

func (o *userSetEmailOptions) run(ctx context.Context, a *app, args []string) error {
	email := ""
	switch {
	case o.remove == (len(args) == 2):
		return usage("", "give an address, or --remove")
	case o.remove && o.unverified:
		return usage("", "--unverified goes with an address")
	case !o.remove:
		email = args[1]
	}
	inst, err := a.open(ctx, opening{signs: o.unverified})
	if err != nil {
		return err
	}
	defer inst.close()
	user, err := findUser(ctx, a, inst, args[0])
	if err != nil {
		return err
	}
	if user, err = inst.authn.SetUserEmail(ctx, a.actor(o.reason), user.ID.String(), email, !o.unverified); err != nil {
		return err
	}
	return showChanged(ctx, a, inst, &o.output, user, "")
}
