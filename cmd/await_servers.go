package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// waitOptions is for commands that end access. Such a command returns when every server has
// read the revocation.
type waitOptions struct{ wait time.Duration }

func (o *waitOptions) addFlag(c *cobra.Command) {
	o.wait = 5 * time.Second
	c.Flags().Var((*span)(&o.wait), "wait", "how long to wait for every running server to confirm")
}

// awaitServers waits for the servers and reports which of them have read the revocation. It fails
// with a partial failure if a server does not confirm.
func (o waitOptions) awaitServers(ctx context.Context, a *app, svc *authn.Service) (authn.Reach, error) {
	reach, err := svc.Cluster.AwaitRevocations(ctx, o.wait)
	if err != nil {
		return reach, fmt.Errorf("the change is committed, but the command could not check which servers confirm it: %w", err)
	}
	if reach.Moved {
		return reach, &problem{exitPartial, errors.New("the database was restarted, restored or failed over meanwhile, and may have lost the change"), "run the command again"}
	}
	if len(reach.Nodes) == 0 {
		a.say("no running server uses this database, so there is none to wait for")
	} else {
		a.say("effective on %d of %s after %d ms", reach.Confirmed(), count(int64(len(reach.Nodes)), "node"), reach.Took.Milliseconds())
	}
	switch {
	case len(reach.Missing) > 0 && len(reach.Silent) > 0:
		return reach, &problem{exitPartial, fmt.Errorf("not confirmed by %s; and %s", nodeNames(reach.Missing), silence(reach.Silent)), stopMissing + "; " + stopSilent}
	case len(reach.Missing) > 0:
		return reach, &problem{exitPartial, fmt.Errorf("not confirmed by %s", nodeNames(reach.Missing)), stopMissing}
	case len(reach.Silent) > 0:
		return reach, &problem{exitPartial, errors.New(silence(reach.Silent)), stopSilent}
	default:
		return reach, nil
	}
}

const (
	stopMissing = "stop it if it still runs; without the database it refuses every access token after its revocation.max_staleness"
	stopSilent  = "a server that reads another database, such as a replaced primary, does not receive the change: make sure that the server has ended, then run authctl node forget ID"
)

// silence returns a message that names the servers that fell silent without signing off.
func silence(nodes []store.Node) string {
	var names []string
	for _, n := range nodes {
		names = append(names, fmt.Sprintf("%s (%s) was last seen %s ago and has not signed off", n.Name, n.ID, n.Silent.Round(time.Second)))
	}
	return strings.Join(names, ", ")
}

// openWait is how long awaitActiveKey waits for servers that have read of a key and cannot open it:
// only a reload that is under way gives them its secret.
const openWait = time.Second

// awaitActiveKey is awaitServers for a key that became the active one. It also waits until every
// server can open the key: a server whose secrets do not open it cannot sign anybody in.
func (o waitOptions) awaitActiveKey(ctx context.Context, a *app, svc *authn.Service, id string) (authn.Reach, error) {
	reach, err := o.awaitServers(ctx, a, svc)
	if err != nil {
		return reach, err
	}
	able, err := svc.Cluster.AwaitKey(ctx, id, min(o.wait-reach.Took, openWait))
	if err != nil || len(able.Missing) == 0 {
		return reach, err
	}
	return reach, &problem{exitPartial, fmt.Errorf("key %s cannot be opened by %s: nobody can log in or refresh there", id, nodeNames(able.Missing)),
		"restart these servers with the jwt.secret that is configured here; if their secret is the right one, run authctl key rotate --now with their secret"}
}

func nodeNames(nodes []store.Node) string {
	var names []string
	for _, n := range nodes {
		names = append(names, fmt.Sprintf("%s (%s, last seen %s)", n.Name, n.ID, when(n.SeenAt)))
	}
	return strings.Join(names, ", ")
}

// reachedView lists the servers that have read a revocation, and the others.
type reachedView struct {
	Total     int           `json:"total"`
	Confirmed int           `json:"confirmed"`
	Missing   []missingView `json:"missing"`
	Silent    []silentView  `json:"silent"` // that may read another database, and are not in total
}

// silentView is a server that fell silent, within the life of an access token, without
// signing off.
type silentView struct {
	missingView
	SilentMS int64 `json:"silent_ms"`
}

// missingView is a server that has not confirmed.
type missingView struct {
	NodeID uuid.UUID `json:"node_id"`
	Name   string    `json:"name"`
}

func viewReach(r authn.Reach) *reachedView {
	v := &reachedView{Total: len(r.Nodes), Confirmed: r.Confirmed(), Missing: []missingView{}, Silent: []silentView{}}
	for _, n := range r.Silent {
		v.Silent = append(v.Silent, silentView{missingView{n.ID, n.Name}, n.Silent.Milliseconds()})
	}
	for _, n := range r.Missing {
		v.Missing = append(v.Missing, missingView{n.ID, n.Name})
	}
	return v
}
