package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
)

func newNode(a *app) *cobra.Command {
	return group("node", "List the running servers, and forget lost ones", newNodeList(a), newNodeForget(a))
}

type nodeListOptions struct{ output }

func newNodeList(a *app) *cobra.Command {
	var o nodeListOptions
	c := &cobra.Command{
		Use:   "list",
		Short: "List the servers of this database, and how far each has read the revocations",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.addFlag(c, "table", "json", "yaml", "ids")
	return c
}

// nodeView is a server in JSON and YAML.
type nodeView struct {
	NodeID      uuid.UUID `json:"node_id"`
	Name        string    `json:"name"`
	Version     string    `json:"version"`
	Environment string    `json:"environment"` // production or development; "" if the server's release does not record it
	StartedAt   time.Time `json:"started_at"`
	LastSeenAt  time.Time `json:"last_seen_at"`
	Position    string    `json:"position"` // in the revocation feed; only the database can interpret it
	Behind      int64     `json:"behind"`   // number of unread revocations, at most 1,000; at least 1 until the server has read the current history of the database
	LagMS       int64     `json:"lag_ms"`   // milliseconds since the first unread revocation; 0 if there is none
	State       string    `json:"state"`    // serving, behind, silent (did not sign off, and was seen within the life of an access token), or gone
}

func viewNode(n authn.NodeState) nodeView {
	state := "serving"
	switch {
	case n.FellSilent:
		state = "silent"
	case !n.Serving:
		state = "gone"
	case n.Behind > 0:
		state = "behind"
	}
	return nodeView{n.ID, n.Name, n.Version, n.Environment, n.StartedAt, n.SeenAt, string(n.Position), n.Behind, max(n.Lag, 0).Milliseconds(), state}
}

func (o nodeListOptions) run(ctx context.Context, a *app) error {
	inst, err := a.open(ctx, opening{reads: true})
	if err != nil {
		return err
	}
	defer inst.close()
	nodes, err := inst.authn.Cluster.Nodes(ctx)
	if err != nil {
		return err
	}
	views := make([]nodeView, len(nodes))
	ids := make([]string, len(nodes))
	t := table{header: []string{"NAME", "NODE", "VERSION", "STARTED AT", "LAST SEEN AT", "BEHIND", "LAG", "STATE"}}
	for i, n := range nodes {
		v := viewNode(n)
		views[i], ids[i] = v, v.NodeID.String()
		t.rows = append(t.rows, []string{v.Name, ids[i], v.Version, when(v.StartedAt), when(v.LastSeenAt), fmt.Sprint(v.Behind), (time.Duration(v.LagMS) * time.Millisecond).String(), v.State})
	}
	return o.print(a.out, views, t, ids)
}
