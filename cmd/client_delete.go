package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

type clientDeleteOptions struct {
	confirmOptions
	waitOptions
	reason string
}

func newClientDelete(a *app) *cobra.Command {
	var o clientDeleteOptions
	c := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a service account with its secrets, and end its access tokens",
		Args:  cobra.ExactArgs(1),
		RunE:  func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0]) },
	}
	o.confirmOptions.addFlag(c)
	o.waitOptions.addFlag(c)
	addReason(c, &o.reason)
	return c
}

func (o *clientDeleteOptions) run(ctx context.Context, a *app, name string) error {
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	client, err := inst.authn.Client(ctx, name)
	if err != nil {
		return err
	}
	if ok, err := o.confirm(ctx, a, fmt.Sprintf("delete client %s with %s", client.Name, count(int64(len(goodSecrets(client, time.Now()))), "secret"))); !ok {
		return err
	}
	if err := inst.authn.DeleteClient(ctx, a.actor(o.reason), client); err != nil { // whom the question was about
		return err
	}
	a.say("deleted client %s (%s)", client.Name, client.ID)
	_, err = o.awaitServers(ctx, a, inst.authn)
	return err
}
