package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// maxOverlap is the longest time for which a secret stays good beside its successor.
const maxOverlap = 90 * 24 * time.Hour

type clientRotateOptions struct {
	output
	confirmOptions
	waitOptions
	overlap time.Duration
	now     bool
	reason  string
}

func newClientRotate(a *app) *cobra.Command {
	var o clientRotateOptions
	c := &cobra.Command{
		Use:   "rotate NAME",
		Short: "Give a service account a new secret, and print it this once",
		Long: `Give a service account a new secret. The secret before it stays good for --overlap, in which the
program gets the new one. Access tokens live on.

A client has at most two secrets that are good. So a rotation during the overlap of another one
ends the older secret before its time. The command says which, and asks first. It also asks with
--overlap 0s, which ends every older secret at once and leaves the access tokens.

--now is for a leaked secret: every older secret ends at once, and so does every access token of
the client, on every server.`,
		Example: `  authctl client rotate billing
  authctl client rotate billing --overlap 168h -o json
  authctl client rotate billing --now --reason leaked --yes`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.now && c.Flags().Changed("overlap") {
				return usage("", "--overlap cannot be combined with --now, which ends every older secret at once")
			}
			return o.run(c.Context(), a, args[0])
		},
	}
	o.output.addFlag(c, "secret", "json", "yaml")
	o.confirmOptions.addFlag(c)
	o.waitOptions.addFlag(c)
	o.overlap = authn.DefaultOverlap
	c.Flags().Var((*span)(&o.overlap), "overlap", "how long the secret before stays good, at most 2160h")
	c.Flags().BoolVar(&o.now, "now", false, "end every older secret and all access tokens of the client at once")
	addReason(c, &o.reason)
	return c
}

func (o *clientRotateOptions) run(ctx context.Context, a *app, name string) error {
	if o.overlap > maxOverlap {
		return usage("", "--overlap must be at most %s", maxOverlap)
	}
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	client, err := inst.authn.Client(ctx, name)
	if err != nil {
		return err
	}
	if ok, err := o.agreed(ctx, a, client); !ok {
		return err
	}
	client, secret, err := inst.authn.RotateClient(ctx, a.actor(o.reason), client, authn.SecretRotation{Overlap: o.overlap, Now: o.now})
	if err != nil {
		return err
	}
	a.say("client %s (%s) has a new secret, which is shown this once", client.Name, client.ID)
	for _, s := range goodSecrets(client, time.Now())[1:] {
		a.say("the secret of %s is good until %s", when(s.CreatedAt), when(s.ExpiresAt))
	}
	shown := showSecret(a, &o.output, client, secret)
	if !o.now {
		return shown
	}
	_, err = o.awaitServers(ctx, a, inst.authn)
	return errors.Join(shown, err)
}

// agreed reports whether to go on. It asks if the rotation ends a secret before its time.
func (o *clientRotateOptions) agreed(ctx context.Context, a *app, c store.Client) (bool, error) {
	good := goodSecrets(c, time.Now())
	switch {
	case o.now:
		return o.confirm(ctx, a, fmt.Sprintf("end %s and every access token of client %s", count(int64(len(good)), "secret"), c.Name))
	case o.overlap == 0:
		return o.confirm(ctx, a, fmt.Sprintf("end %s of client %s at once", count(int64(len(good)), "secret"), c.Name))
	case len(good) >= store.MaxClientSecrets:
		last := good[len(good)-1]
		return o.confirm(ctx, a, fmt.Sprintf("end the secret of %s, which client %s may use until %s", when(last.CreatedAt), c.Name, when(last.ExpiresAt)))
	case o.dryRun:
		a.say("would %s", a.inDatabase(fmt.Sprintf("give client %s a new secret, and end the one of %s after %s", c.Name, when(good[0].CreatedAt), o.overlap)))
		return false, nil
	}
	return true, nil
}
