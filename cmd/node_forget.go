package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

type nodeForgetOptions struct {
	confirmOptions
	reason string
}

func newNodeForget(a *app) *cobra.Command {
	var o nodeForgetOptions
	c := &cobra.Command{
		Use:   "forget NODE",
		Short: "Forget a server that ended without signing off",
		Long: `Forget a server that ended without signing off: it was killed, or its machine was lost.
Such a server may still serve from another database, such as a primary that was cut off
when a replica took over. So every revocation names it and exits with 7, until the server
is forgotten or an access token's lifetime has passed.

Make sure that the server has ended: this command does not end it. A server that still
runs on this database announces itself again within seconds.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0]) },
	}
	o.addFlag(c)
	addReason(c, &o.reason)
	return c
}

func (o *nodeForgetOptions) run(ctx context.Context, a *app, node string) error {
	id, err := uuid.Parse(node)
	if err != nil {
		return usage("authctl node list shows the ids", "%q is not a node id", node)
	}
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	nodes, err := inst.authn.Cluster.Nodes(ctx)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("forget server %s", id)
	for _, n := range nodes {
		if n.ID == id {
			what = fmt.Sprintf("forget server %s (%s), which was last seen %s ago", n.Name, id, max(n.Silent, 0).Round(time.Second))
		}
	}
	if ok, err := o.confirm(ctx, a, what); !ok {
		return err
	}
	if err := inst.authn.Cluster.Forget(ctx, a.actor(o.reason), id); err != nil {
		return err
	}
	a.say("forgot server %s", id)
	return nil
}
