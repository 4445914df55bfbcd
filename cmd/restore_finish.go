package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

type restoreFinishOptions struct {
	output
	confirmOptions
	reason string
}

func newRestoreFinish(a *app) *cobra.Command {
	var o restoreFinishOptions
	c := &cobra.Command{
		Use:   "finish",
		Short: "Prepare a restored database: end every session, so that nothing revoked comes back",
		Long: `Prepare a database that was restored from a backup. Run the command before any server starts
on it. The backup lacks the revocations that came after it. So the command raises the
generations of the installation and of every user: that ends every session and every
access token ever issued. It empties the feed of revocations and the list of servers,
because they may belong to another PostgreSQL.

Users, passwords and signing keys stay as the backup has them. Repeat the changes that
came after the backup: changed passwords, disabled users, burned keys.`,
		Example: `  authctl restore finish --dry-run
  authctl restore finish --yes --reason "INC-2041"`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.output.addFlag(c, "table", "json", "yaml")
	o.confirmOptions.addFlag(c)
	addReason(c, &o.reason)
	return c
}

// restoreFinishView is the result in JSON and YAML.
type restoreFinishView struct {
	Database    string `json:"database"`
	Sessions    *int64 `json:"sessions"`    // number of live sessions in the backup; null if the count took too long
	Generation  int64  `json:"generation"`  // the current one; 0 for a dry run
	Users       int    `json:"users"`       // number of users with a moved generation; 0 for a dry run
	Revocations int    `json:"revocations"` // number removed from the feed; 0 for a dry run
	Nodes       int    `json:"nodes"`       // number of forgotten nodes; 0 for a dry run
	KeyID       string `json:"key_id"`      // signs access tokens, as in the backup; "" if the key does not exist yet
	DryRun      bool   `json:"dry_run"`
	Reason      string `json:"reason"`
}

func (o *restoreFinishOptions) run(ctx context.Context, a *app) error {
	inst, err := a.open(ctx, opening{restores: true})
	if err != nil {
		return err
	}
	defer inst.close()
	running, err := inst.authn.Cluster.ServersAfterRestore(ctx)
	if err != nil {
		return err
	}
	if err := serversRun(inst, running); err != nil {
		return err
	}
	view := restoreFinishView{Database: inst.where(), DryRun: o.dryRun, Reason: o.reason}
	keys, err := inst.authn.Keys.List(ctx)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.State == store.KeyActive {
			view.KeyID = k.ID
		}
	}
	what := "end every session and access token of " + view.Database
	if view.Sessions, err = countEverybody(ctx, inst.authn); err != nil {
		return err
	}
	if view.Sessions != nil {
		what = fmt.Sprintf("end %s and every access token of %s", count(*view.Sessions, "session"), view.Database)
	}
	ok, err := o.confirmWord(ctx, a, what, "everyone")
	if err != nil {
		return err
	}
	if ok {
		if err := o.finish(ctx, a, inst, &view); err != nil {
			return err
		}
	}
	return o.print(a.out, view, restoreFinishTable(view), nil)
}

// finish prepares the restored database for serving, and reports the changes.
func (o *restoreFinishOptions) finish(ctx context.Context, a *app, inst *instance, view *restoreFinishView) error {
	done, err := inst.authn.Cluster.FinishRestore(ctx, a.actor(o.reason))
	if err != nil {
		return err
	}
	view.Generation, view.Users, view.Revocations, view.Nodes = done.Generation, done.Users, done.Revocations, done.Nodes
	a.say("raised the generations of the installation and of %s to %d or more", count(int64(done.Users), "user"), done.Generation)
	a.say("deleted %s of the feed, and forgot %s", count(int64(done.Revocations), "entry"), count(int64(done.Nodes), "server"))
	if view.KeyID == "" {
		a.say("the backup has no signing key; serve creates one")
	} else {
		a.say("signing key %s stays; if a key was burned after the backup: authctl key rotate --now", view.KeyID)
	}
	a.say("servers may start")
	return unmarkRestore(inst)
}

// countEverybody returns the number of live sessions. It returns nil if the count takes too long.
func countEverybody(ctx context.Context, svc *authn.Service) (*int64, error) {
	counting, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	n, err := svc.Count(counting, authn.SessionFilter{})
	switch {
	case err == nil:
		return &n.Sessions, nil
	case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
		return nil, nil
	default:
		return nil, err
	}
}

func restoreFinishTable(v restoreFinishView) table {
	state := "finished"
	if v.DryRun {
		state = "would be finished"
	}
	return table{
		header: []string{"DATABASE", "GENERATION", "USERS", "REVOCATIONS", "NODES", "STATE"},
		rows:   [][]string{{v.Database, fmt.Sprint(v.Generation), fmt.Sprint(v.Users), fmt.Sprint(v.Revocations), fmt.Sprint(v.Nodes), state}},
	}
}
