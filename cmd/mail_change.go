package cmd

import (
	"context"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
)

// mailChangeOptions is for the commands that change mails of the outbox.
type mailChangeOptions struct {
	allFailed bool
	reason    string
}

// mailChange is what such a command does with one mail, and with all that have failed.
type mailChange struct {
	one  func(*authn.Service, context.Context, authn.Actor, uuid.UUID) error
	all  func(*authn.Service, context.Context, authn.Actor) (int, error)
	done string // what was done, as a participle
}

func newMailRetry(a *app) *cobra.Command {
	return newMailChange(a, &cobra.Command{
		Use:   "retry ID|--all-failed",
		Short: "Try at once to send a mail that waits or has failed",
		Long: `Try at once to send a mail that waits or has failed. A running server does it within a second.
A mail whose link has expired, or is no longer good, is not sent: the user asks for a new one.`,
		Example: `  authctl mail retry --all-failed`,
	}, mailChange{(*authn.Service).RetryMail, (*authn.Service).RetryFailedMail, "due now"})
}

func newMailDrop(a *app) *cobra.Command {
	return newMailChange(a, &cobra.Command{
		Use:   "drop ID|--all-failed",
		Short: "Give up a mail that waits or has failed",
	}, mailChange{(*authn.Service).DropMail, (*authn.Service).DropFailedMail, "dropped"})
}

func newMailChange(a *app, c *cobra.Command, change mailChange) *cobra.Command {
	var o mailChangeOptions
	c.Args = cobra.MaximumNArgs(1)
	c.RunE = func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args, change) }
	c.Flags().BoolVar(&o.allFailed, "all-failed", false, "all that \"authctl mail list --failed\" shows")
	addReason(c, &o.reason)
	return c
}

func (o mailChangeOptions) run(ctx context.Context, a *app, args []string, change mailChange) error {
	var id uuid.UUID
	switch {
	case o.allFailed == (len(args) == 1):
		return usage("authctl mail list shows the ids", "give the id of a mail, or --all-failed")
	case !o.allFailed:
		var err error
		if id, err = uuid.Parse(args[0]); err != nil {
			return usage("authctl mail list shows the ids", "%q is no id of a mail", args[0])
		}
	}
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	if o.allFailed {
		n, err := change.all(inst.authn, ctx, a.actor(o.reason))
		if err == nil {
			a.say("%s %s", are(n, "mail"), change.done)
		}
		return err
	}
	if err := change.one(inst.authn, ctx, a.actor(o.reason), id); err != nil {
		return err
	}
	a.say("mail %s is %s", id, change.done)
	return nil
}
