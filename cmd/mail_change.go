package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
)

// mailChangeOptions is for the commands that change mails of the outbox.
type mailChangeOptions struct {
	allFailed bool
	reason    string
}

// mailChange changes one mail, or all that have failed if the id is uuid.Nil. It returns how many, and
// what became of them, as a predicate.
type mailChange func(ctx context.Context, s *authn.Service, who authn.Actor, id uuid.UUID) (n int, done string, err error)

func newMailRetry(a *app) *cobra.Command {
	return newMailChange(a, &cobra.Command{
		Use:   "retry ID|--all-failed",
		Short: "Try at once to send a mail that waits or has failed",
		Long: `Try at once to send a mail that waits or has failed. A running server does it within a second.
A mail that a server is sending belongs to that server for three minutes. If the server has died,
another one tries when they are over.
A mail whose link has expired, or is no longer good, is not sent: the user asks for a new one.`,
		Example: `  authctl mail retry --all-failed`,
	}, retryMail)
}

func retryMail(ctx context.Context, s *authn.Service, who authn.Actor, id uuid.UUID) (n int, done string, err error) {
	n, due, err := s.RetryMail(ctx, who, id)
	if wait := time.Until(due); wait > 0 {
		return n, fmt.Sprintf("due, but a server has begun to send it; if that server has died, another one tries at %s, in %s",
			when(due), wait.Round(time.Second)), err
	}
	return n, "due now", err
}

func newMailDrop(a *app) *cobra.Command {
	return newMailChange(a, &cobra.Command{
		Use:   "drop ID|--all-failed",
		Short: "Give up a mail that waits or has failed",
	}, dropMail)
}

func dropMail(ctx context.Context, s *authn.Service, who authn.Actor, id uuid.UUID) (n int, done string, err error) {
	n, err = s.DropMail(ctx, who, id)
	return n, "dropped", err
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
		if id, err = uuid.Parse(args[0]); err != nil || id == uuid.Nil {
			return usage("authctl mail list shows the ids", "%q is no id of a mail", args[0])
		}
	}
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	n, done, err := change(ctx, inst.authn, a.actor(o.reason), id)
	switch {
	case err != nil:
		return err
	case o.allFailed:
		a.say("%s %s", are(n, "mail"), done)
	default:
		a.say("mail %s is %s", id, done)
	}
	return nil
}
