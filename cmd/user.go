package cmd

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

func newUser(a *app) *cobra.Command {
	return group("user", "Create, find and change users",
		newUserCreate(a), newUserList(a), newUserShow(a), newUserSetPassword(a), newUserDisable(a), newUserEnable(a), newUserUnlock(a), newUserDelete(a),
		newUserImport(a), newUserExport(a))
}

// userView is a user in JSON and YAML.
type userView struct {
	ID                 uuid.UUID  `json:"id"`
	Username           string     `json:"username"`
	CreatedAt          time.Time  `json:"created_at"`
	DisabledAt         *time.Time `json:"disabled_at"`
	PasswordChangedAt  time.Time  `json:"password_changed_at"`
	FailedLogins       int        `json:"failed_logins"`        // since the latest success
	PasswordDisabledAt *time.Time `json:"password_disabled_at"` // by too many of them
	Password           string     `json:"password,omitempty"`   // only one that was generated just now
}

func viewUser(u store.User) userView {
	return userView{
		ID: u.ID, Username: u.Username, CreatedAt: u.CreatedAt, DisabledAt: timeOrNull(u.DisabledAt), PasswordChangedAt: u.PasswordChangedAt,
		FailedLogins: u.FailedLogins, PasswordDisabledAt: timeOrNull(u.PasswordDisabledAt),
	}
}

// printUser prints one user, as name and value a line for people.
func printUser(a *app, o *output, v userView) error {
	t := table{rows: [][]string{
		{"id", v.ID.String()},
		{"username", markedName(v.Username)},
		{"created at", when(v.CreatedAt)},
		{"password changed at", when(v.PasswordChangedAt)},
		{"disabled at", whenever(v.DisabledAt)},
		{"failed logins", strconv.Itoa(v.FailedLogins)},
		{"password disabled at", whenever(v.PasswordDisabledAt)},
	}}
	if v.PasswordDisabledAt != nil {
		a.say("too many sign-ins have failed, and the password is disabled: authctl user unlock, or set-password")
	}
	if v.Password != "" {
		t.rows = append(t.rows, []string{"password", v.Password})
	}
	return o.print(a.out, v, t, []string{v.ID.String()})
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
		Use:   "set-password NAME",
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
	inst, err := a.open(ctx, opening{create: create, hashes: true})
	if err != nil {
		return err
	}
	defer inst.close()
	if inst.created != "" {
		a.say("made database %s", inst.created)
	}
	r, err := do(inst.authn, ctx, a.actor(o.reason), authn.Account{Username: name, Password: password})
	if err != nil {
		return err
	}
	if r.Warning != "" {
		a.say("warning: %s", r.Warning)
	}
	view := viewUser(r.User)
	if o.generate {
		view.Password = password
	}
	if err := printUser(a, &o.output, view); err != nil || create {
		return err
	}
	_, err = o.await(ctx, a, inst.authn)
	return err
}

func newUserShow(a *app) *cobra.Command {
	var o output
	c := &cobra.Command{
		Use:   "show NAME",
		Short: "Show a user",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			inst, err := a.open(c.Context(), opening{})
			if err != nil {
				return err
			}
			defer inst.close()
			user, err := inst.authn.User(c.Context(), args[0])
			if err != nil {
				return err
			}
			return printUser(a, &o, viewUser(user))
		},
	}
	o.addFlag(c, "table", "json", "yaml", "ids")
	return c
}
