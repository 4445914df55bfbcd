package cmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
)

func newUser(a *app) *cobra.Command {
	return group("user", "Create, find and change users",
		newUserCreate(a), newUserList(a), newUserShow(a), newUserSetPassword(a), newUserDisable(a), newUserEnable(a), newUserUnlock(a), newUserDelete(a),
		newUserImport(a), newUserExport(a))
}

// userPasswordOptions is for the two commands that set a password.
type userPasswordOptions struct {
	output
	passwordOptions
	waitOptions // set-password only
	reason      string
}

func (o *userPasswordOptions) addFlags(c *cobra.Command) {
	o.output.addFlag(c, "table", "json", "yaml", "ids")
	o.passwordOptions.addFlags(c)
	addReason(c, &o.reason)
}

func newUserCreate(a *app) *cobra.Command {
	var o userPasswordOptions
	c := &cobra.Command{
		Use:   "create NAME",
		Short: "Create a user",
		Example: `  authctl user create alice
  authctl user create alice --generate -o json
  pass show alice | authctl user create alice --password-stdin`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.create(c.Context(), a, args[0])
		},
	}
	o.addFlags(c)
	return c
}

func newUserSetPassword(a *app) *cobra.Command {
	var o userPasswordOptions
	c := &cobra.Command{
		Use:   "set-password NAME|ID",
		Short: "Give a user a new password and end the user's sessions",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.set(c.Context(), a, args[0])
		},
	}
	o.addFlags(c)
	o.waitOptions.addFlag(c)
	return c
}

func (o *userPasswordOptions) create(ctx context.Context, a *app, name string) error {
	inst, password, err := o.open(ctx, a)
	if err != nil {
		return err
	}
	defer inst.close()
	made, err := inst.authn.CreateUser(ctx, a.actor(o.reason), authn.NewAccount{Account: authn.Account{Username: name, Password: password}})
	if err != nil {
		return err
	}
	return o.show(ctx, a, inst, made, password)
}

func (o *userPasswordOptions) set(ctx context.Context, a *app, name string) error {
	inst, password, err := o.open(ctx, a)
	if err != nil {
		return err
	}
	defer inst.close()
	user, err := findUser(ctx, a, inst, name)
	if err != nil {
		return err
	}
	changed, err := inst.authn.SetPassword(ctx, a.actor(o.reason), user.ID.String(), password)
	if err != nil {
		return err
	}
	shown := o.show(ctx, a, inst, changed, password)
	_, err = o.awaitServers(ctx, a, inst.authn)
	return errors.Join(shown, err)
}

// open reads the password before it opens the database: nobody types while a connection waits.
func (o *userPasswordOptions) open(ctx context.Context, a *app) (*instance, string, error) {
	password, err := o.read(ctx, a)
	if err != nil {
		return nil, "", err
	}
	inst, err := a.open(ctx, opening{hashes: true})
	return inst, password, err
}

// show prints the user, and the password only if authctl has made it up.
func (o *userPasswordOptions) show(ctx context.Context, a *app, inst *instance, r authn.Registered, password string) error {
	if r.Warning != "" {
		a.say("warning: %s", r.Warning)
	}
	if !o.generate {
		password = ""
	}
	return showChanged(ctx, a, inst, &o.output, r.User, password)
}
