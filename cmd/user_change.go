package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// changeOptions is for the commands that change a user or a client, print it, and wait for the servers.
type changeOptions struct {
	output
	waitOptions
	reason string
}

func (o *changeOptions) addFlags(c *cobra.Command) {
	o.output.addFlag(c, "table", "json", "yaml", "ids")
	o.waitOptions.addFlag(c)
	addReason(c, &o.reason)
}

type userChangeOptions struct{ changeOptions }

// changeUser is an operation on one user of [authn.Service].
type changeUser func(*authn.Service, context.Context, authn.Actor, string) (store.User, error)

func newUserDisable(a *app) *cobra.Command {
	return newUserChange(a, &cobra.Command{
		Use:     "disable NAME|ID",
		Short:   "Block a user's sign-ins and end the user's sessions",
		Example: `  authctl user disable alice --reason "left the company"`,
	}, (*authn.Service).DisableUser)
}

func newUserEnable(a *app) *cobra.Command {
	return newUserChange(a, &cobra.Command{
		Use:   "enable NAME|ID",
		Short: "Let a disabled user sign in again; ended sessions stay ended",
	}, (*authn.Service).EnableUser)
}

func newUserChange(a *app, c *cobra.Command, do changeUser) *cobra.Command {
	var o userChangeOptions
	c.Args = cobra.ExactArgs(1)
	c.RunE = func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0], do) }
	o.addFlags(c)
	return c
}

func (o *userChangeOptions) run(ctx context.Context, a *app, name string, do changeUser) error {
	return o.change(ctx, a, name, func(inst *instance, user store.User) (store.User, error) {
		return do(inst.authn, ctx, a.actor(o.reason), user.ID.String())
	})
}

// change carries out do on the user of this name or id, shows the user, and waits for the servers.
func (o *userChangeOptions) change(ctx context.Context, a *app, name string, do func(*instance, store.User) (store.User, error)) error {
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	user, err := findUser(ctx, a, inst, name)
	if err != nil {
		return err
	}
	if user, err = do(inst, user); err != nil {
		return err
	}
	shown := showChanged(ctx, a, inst, &o.output, user, "")
	_, err = o.awaitServers(ctx, a, inst.authn)
	return errors.Join(shown, err)
}

type userDeleteOptions struct {
	confirmOptions
	waitOptions
	reason string
}

func newUserDelete(a *app) *cobra.Command {
	var o userDeleteOptions
	c := &cobra.Command{
		Use:   "delete NAME|ID",
		Short: "Delete a user and end the user's sessions",
		Args:  cobra.ExactArgs(1),
		RunE:  func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0]) },
	}
	o.confirmOptions.addFlag(c)
	o.waitOptions.addFlag(c)
	addReason(c, &o.reason)
	return c
}

func (o *userDeleteOptions) run(ctx context.Context, a *app, name string) error {
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	user, err := findUser(ctx, a, inst, name)
	if err != nil {
		return err
	}
	n, err := inst.authn.CountSessions(ctx, store.OfUser(user.ID))
	if err != nil {
		return err
	}
	if ok, err := o.confirm(ctx, a, fmt.Sprintf("delete user %s with %s", markedName(user.Username), count(n.Sessions, "session"))); !ok {
		return err
	}
	deleted, err := inst.authn.DeleteUser(ctx, a.actor(o.reason), user.ID.String()) // whom the question was about
	if err != nil {
		return err
	}
	a.say("deleted user %s (%s)", markedName(deleted.User.Username), deleted.User.ID)
	if !deleted.NameFreeAt.IsZero() {
		a.say("nobody can register the name until %s (accounts.name_quarantine); authctl user create can still assign it", when(deleted.NameFreeAt))
	}
	_, err = o.awaitServers(ctx, a, inst.authn)
	return err
}
