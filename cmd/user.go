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

func addReason(c *cobra.Command, reason *string) {
	c.Flags().StringVar(reason, "reason", "", "`why`, for the audit trail")
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
			return o.run(c.Context(), a, args[0], true, (*authn.Service).CreateUser)
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
			return o.run(c.Context(), a, args[0], false,
				func(s *authn.Service, ctx context.Context, who authn.Actor, in authn.Account) (authn.Registered, error) {
					return s.SetPassword(ctx, who, in.Username, in.Password)
				})
		},
	}
	o.addFlags(c)
	o.waitOptions.addFlag(c)
	return c
}

// setPassword is what a command does with a name and a password.
type setPassword func(*authn.Service, context.Context, authn.Actor, authn.Account) (authn.Registered, error)

func (o *userPasswordOptions) run(ctx context.Context, a *app, name string, create bool, do setPassword) error {
	password, err := o.read(ctx, a)
	if err != nil {
		return err
	}
	inst, err := a.open(ctx, opening{hashes: true})
	if err != nil {
		return err
	}
	defer inst.close()
	if !create {
		user, err := findUser(ctx, a, inst, name)
		if err != nil {
			return err
		}
		name = user.ID.String()
	}
	r, err := do(inst.authn, ctx, a.actor(o.reason), authn.Account{Username: name, Password: password})
	if err != nil {
		return err
	}
	if r.Warning != "" {
		a.say("warning: %s", r.Warning)
	}
	made := ""
	if o.generate {
		made = password
	}
	shown := showChanged(ctx, a, inst, &o.output, r.User, made)
	if create {
		return shown
	}
	_, err = o.await(ctx, a, inst.authn)
	return errors.Join(shown, err)
}
