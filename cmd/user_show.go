package cmd

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

func newUserShow(a *app) *cobra.Command {
	var o output
	c := &cobra.Command{
		Use:   "show NAME|ID",
		Short: "Show a user, what password it has, and what keeps it from signing in",
		Long: `Show a user: what kind of password it has, never its hash; how many sessions are alive; when it
signed in last; and everything that keeps it from signing in with its password now. The latest
sign-in is told by the audit trail and by the sessions; "-" means that neither knows of one.

A user is named by its username or by its id, here and in every command that takes one. Text in
the form of an id (8-4-4-4-12 hexadecimal digits) is an id if somebody has it, and else a username.`,
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

// findUser looks up whom an operator names, by username or by id, and says when somebody else
// has that id as username.
func findUser(ctx context.Context, a *app, inst *instance, name string) (store.User, error) {
	user, err := inst.authn.User(ctx, name)
	if err != nil {
		return store.User{}, err
	}
	other, there, err := inst.authn.Namesake(ctx, name, user)
	if err != nil {
		return store.User{}, err
	}
	if there {
		a.say("warning: %s is the id of user %s, who is meant; it is the username of another one, whose id is %s", name, markedName(user.Username), other.ID)
	}
	return user, nil
}

// withRelease says of a name that nobody has when somebody had it whose deletion still holds it
// back.
func withRelease(ctx context.Context, inst *instance, name string, cause error) error {
	if authn.CodeOf(cause) != authn.CodeUserNotFound {
		return cause
	}
	free, released, err := inst.authn.NameFreeAt(ctx, name)
	if err != nil || released.IsZero() {
		return cause
	}
	return &problem{exitNotFound, fmt.Errorf("%w: one of that name was deleted at %s, and nobody can register it until %s (accounts.name_quarantine)", cause, when(released), when(free)),
		"authctl user create can give the name to somebody"}
}

// showChanged prints a user after a change of it. made is the password that was generated
// just now, or "".
func showChanged(ctx context.Context, a *app, inst *instance, o *output, user store.User, made string) error {
	standing, err := inst.authn.Standing(ctx, user.ID)
	v := viewStanding(standing)
	if err != nil {
		if made != "" { // else it is lost
			a.say("the password of %s is %s", user.Username, made)
		}
		return fmt.Errorf("it is done, but the user could not be shown: %w", err)
	}
	v.Password, v.Database = made, a.database
	return printStanding(a, o, v)
}

// printStanding prints one user, as name and value a line for people.
func printStanding(a *app, o *output, v standingView) error {
	t := table{rows: [][]string{
		{"id", v.ID.String()},
		{"username", markedName(v.Username)},
		{"created at", when(v.CreatedAt)},
		{"password", v.kind},
		{"password changed at", whenever(v.PasswordChangedAt)},
		{"disabled at", whenever(v.DisabledAt)},
		{"failed logins", strconv.Itoa(v.FailedLogins)},
		{"password disabled at", whenever(v.PasswordDisabledAt)},
		{"sessions", strconv.FormatInt(v.Sessions, 10)},
		{"last sign-in at", whenever(v.LastSignInAt)},
	}}
	label := "held back by"
	for _, hold := range v.Holds {
		t.rows = append(t.rows, []string{label, hold.text(v.Username)})
		label = ""
	}
	if len(v.Holds) == 0 {
		t.rows = append(t.rows, []string{label, "-"})
	}
	if v.Password != "" {
		t.rows = append(t.rows, []string{"new password", v.Password})
	}
	return o.print(a.out, v, t, []string{v.ID.String()})
}
