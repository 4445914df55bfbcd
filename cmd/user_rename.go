package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

func newUserRename(a *app) *cobra.Command {
	var o userChangeOptions
	c := &cobra.Command{
		Use:   "rename NAME|ID NEW-NAME",
		Short: "Give a user another username and end the user's sessions",
		Long: `Give a user another username. The id, the password and the address stay. The user's sessions
end, because access tokens carry the username. Nobody can register the old name until
accounts.name_quarantine has passed.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return o.run(c.Context(), a, args[0], func(svc *authn.Service, ctx context.Context, who authn.Actor, id string) (store.User, error) {
				return svc.RenameUser(ctx, who, id, args[1])
			})
		},
	}
	o.addFlags(c)
	return c
}
