package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/authn/mail"
	"github.com/authctl/authctl/store"
)

type userResetPasswordOptions struct {
	output
	mail   bool
	reason string
}

func newUserResetPassword(a *app) *cobra.Command {
	var o userResetPasswordOptions
	c := &cobra.Command{
		Use:   "reset-password NAME|ID",
		Short: "Print or mail a link with which a user sets a new password",
		Long: fmt.Sprintf(`Print a link with which the user sets a new password, for you to hand over. It is good once,
for %.0f minutes, and nobody else learns the new password. Until then the present password
keeps working: authctl user disable blocks a stolen account at once.

With --mail the link is not printed, but mailed to the user's verified address.`, authn.ResetLife.Minutes()),
		Example: `  authctl user reset-password alice
  authctl user reset-password alice --mail`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0]) },
	}
	o.addFlag(c, "text", "json", "yaml")
	c.Flags().BoolVar(&o.mail, "mail", false, "mail the link to the user's verified address")
	addReason(c, &o.reason)
	return c
}

// resetView is a link for a new password in JSON and YAML.
type resetView struct {
	UserID    string     `json:"user_id"`
	Username  string     `json:"username"`
	Link      string     `json:"link,omitempty"`       // absent if it is mailed
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // of a printed link
	MailedTo  string     `json:"mailed_to,omitempty"`
	Database  string     `json:"database"`
}

func (o *userResetPasswordOptions) run(ctx context.Context, a *app, name string) error {
	inst, err := a.open(ctx, opening{signs: true})
	if err != nil {
		return err
	}
	defer inst.close()
	user, err := findUser(ctx, a, inst, name)
	if err != nil {
		return err
	}
	if user.Disabled() {
		return &problem{exitFailed, fmt.Errorf("user %s is disabled, and could not sign in with a new password either", markedName(user.Username)), "authctl user enable"}
	}
	if o.mail {
		if err := mailReset(ctx, a, inst, user, o.reason); err != nil || o.format == "text" {
			return err
		}
		return o.print(a.out, resetView{UserID: user.ID.String(), Username: user.Username, MailedTo: user.Email, Database: a.database}, table{}, nil)
	}
	page := inst.cfg.MailLinks().Reset
	if err := mail.CheckLink(page); err != nil {
		return usage("set server.public_url, or mail.links.reset", "there is no page that the link could open: %v", err)
	}
	token, user, expires, err := inst.authn.IssueReset(ctx, a.actor(o.reason), user.ID.String())
	if err != nil {
		return err
	}
	link := page + "#token=" + token
	if o.format == "text" {
		a.say("the link is good once, until %s; give it to %s only", when(expires), markedName(user.Username))
		_, err = fmt.Fprintln(a.out, link)
		return err
	}
	return o.print(a.out, resetView{UserID: user.ID.String(), Username: user.Username, Link: link, ExpiresAt: &expires, Database: a.database}, table{}, nil)
}

// mailReset queues the mail with the link.
func mailReset(ctx context.Context, a *app, inst *instance, user store.User, reason string) error {
	decision, err := inst.authn.SendReset(ctx, a.actor(reason), user.ID.String())
	switch {
	case err != nil:
		return err
	case decision != store.MailQueued:
		return &problem{exitFailed, fmt.Errorf("user %s has no verified e-mail address", markedName(user.Username)), "authctl user set-email sets one; without --mail the link is printed"}
	}
	a.say("queued a mail to %s; authctl mail list shows what becomes of it", user.Email)
	return nil
}
