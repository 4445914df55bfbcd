package cmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
)

type userRenameOptions struct {
	output
	waitOptions
	reason string
}

func newUserRename(a *app) *cobra.Command {
	var o userRenameOptions
	c := &cobra.Command{
		Use:   "rename NAME|ID NEW-NAME",
		Short: "Give a user another username and end the user's sessions",
		Long: `Give a user another username. The id, the password and the address stay. The user's sessions
end, because access tokens carry the username. Nobody can register the old name until
accounts.name_quarantine has passed.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0], args[1]) },
	}
	o.output.addFlag(c, "table", "json", "yaml", "ids")
	o.waitOptions.addFlag(c)
	addReason(c, &o.reason)
	return c
}

func (o *userRenameOptions) run(ctx context.Context, a *app, name, newName string) error {
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	user, err := findUser(ctx, a, inst, name)
	if err != nil {
		return err
	}
	if user, err = inst.authn.RenameUser(ctx, a.actor(o.reason), user.ID.String(), newName); err != nil {
		return err
	}
	shown := showChanged(ctx, a, inst, &o.output, user, "")
	_, err = o.awaitServers(ctx, a, inst.authn)
	return errors.Join(shown, err)
}
