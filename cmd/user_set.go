package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/store"
)

type userSetOptions struct {
	userChangeOptions
	rightsChangeOptions
}

func newUserSet(a *app) *cobra.Command {
	var o userSetOptions
	c := &cobra.Command{
		Use:   "set NAME|ID",
		Short: "Give a user roles and claims, or take them away",
		Long: `Give a user roles and claims, or take them away. Applications find them in the access token, in
/profile, and in the headers of a proxy; what a role allows is theirs to say.

A role has 1 to 64 characters of a-z 0-9 _ . : - and a user has at most 64 roles. A claim is any
JSON: a value that is JSON is taken as such (3, true, {"seats":3}), and any other as text; '"3"'
is the text 3. All claims of a user may have 2 KiB, and an access token 3,500 bytes.

The change is in force on every server within a second, and signs nobody out: servers answer the
user's older access tokens with token_expired, so that clients refresh them once. A role or claim
that the user has already, or lacks already, is no error. A line names what the user lacked.`,
		Example: `  authctl user set alice --role admin --role billing:read
  authctl user set alice --unrole admin --claim plan=pro --unclaim trial --reason INC-7`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0]) },
	}
	o.userChangeOptions.addFlags(c)
	o.rightsChangeOptions.addFlags(c)
	return c
}

func (o *userSetOptions) run(ctx context.Context, a *app, name string) error {
	change, err := o.rightsChangeOptions.change("authctl user set NAME --role admin")
	if err != nil {
		return err
	}
	return o.userChangeOptions.change(ctx, a, name, func(inst *instance, user store.User) (store.User, error) {
		before := user.Rights
		user, changed, err := inst.authn.SetRights(ctx, a.actor(o.reason), user.ID.String(), change)
		if err != nil {
			return user, err
		}
		sayRights(a, markedName(user.Username), before, change, changed)
		return user, nil
	})
}
