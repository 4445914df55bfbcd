package cmd

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
)

func newUser(a *app) *cobra.Command {
	return group("user", "Create, find and change users",
		newUserCreate(a), newUserList(a), newUserShow(a), newUserSetPassword(a), newUserResetPassword(a),
		newUserSet(a), newUserSetEmail(a), newUserRename(a), newUserDisable(a), newUserEnable(a), newUserUnlock(a), newUserDelete(a),
		newUserImport(a), newUserExport(a))
}

// userPasswordOptions is for the two commands that set a password.
type userPasswordOptions struct {
	output
	passwordOptions
	waitOptions          // set-password only
	rightsOptions        // create only
	email         string // create only, as are the next two
	unverified    bool
	noPassword    bool
	reason        string
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
		Long: `Create a user. An address of --email counts as verified, unless --unverified is given. With
--no-password nobody can sign in until there is a password: authctl user reset-password makes
a link with which the user sets one. authctl user set --help describes roles and claims.`,
		Example: `  authctl user create alice
  authctl user create alice --email alice@example.com --no-password
  authctl user create alice --generate --role admin -o json
  pass show alice | authctl user create alice --password-stdin`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.create(c.Context(), a, args[0])
		},
	}
	o.addFlags(c)
	f := c.Flags()
	f.StringVar(&o.email, "email", "", "the user's e-mail `address`")
	f.BoolVar(&o.unverified, "unverified", false, "nobody has confirmed that the address is the user's")
	f.BoolVar(&o.noPassword, "no-password", false, "create the user without a password")
	o.rightsOptions.addFlags(c)
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
	switch {
	case o.noPassword && (o.stdin || o.file != "" || o.generate):
		return usage("", "--no-password goes with no flag that gives a password")
	case o.unverified && o.email == "":
		return usage("", "--unverified is about the address of --email")
	}
	rights, err := o.change()
	if err != nil {
		return err
	}
	inst, password, err := o.open(ctx, a)
	if err != nil {
		return err
	}
	defer inst.close()
	made, err := inst.authn.CreateUser(ctx, a.actor(o.reason), authn.NewAccount{
		Account: authn.Account{Username: name, Password: password, Email: o.email}, Verified: !o.unverified, NoPassword: o.noPassword, Rights: rights,
	})
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
	var password string
	if !o.noPassword {
		var err error
		if password, err = o.read(ctx, a); err != nil {
			return nil, "", err
		}
	}
	inst, err := a.open(ctx, opening{hashes: true, signs: o.unverified}) // the link that verifies an address is derived from the secret
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
