package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/store"
)

func newRestore(a *app) *cobra.Command {
	return group("restore", "Restore a backup without bringing revoked sessions and tokens back", newRestoreBegin(a), newRestoreFinish(a))
}

type restoreBeginOptions struct{ output }

func newRestoreBegin(a *app) *cobra.Command {
	var o restoreBeginOptions
	c := &cobra.Command{
		Use:   "begin",
		Short: "Check that no server runs; exit 3 when one does",
		Long: `Check that no server runs on the database that a backup is going to replace, and list
the servers to stop. On SQLite the command deletes servers that ended without signing off
from the list of servers. It deletes nothing else.

On SQLite it creates a file beside the database. While that file exists, "authctl serve"
refuses to start; "authctl restore finish" deletes it. On PostgreSQL no such mark would
survive the restore: make sure that nothing starts a server meanwhile.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.addFlag(c, "table", "json", "yaml")
	return c
}

// serverView is a server that runs, in JSON and YAML.
type serverView struct {
	NodeID     uuid.UUID `json:"node_id"`
	Name       string    `json:"name"`
	LastSeenAt time.Time `json:"last_seen_at"`
}

// restoreBeginView is the result in JSON and YAML.
type restoreBeginView struct {
	Database string       `json:"database"`
	Running  []serverView `json:"running"` // servers to stop first
	Mark     string       `json:"mark"`    // file that keeps serve from starting; "" on PostgreSQL, and while servers run
}

func (o *restoreBeginOptions) run(ctx context.Context, a *app) error {
	inst, err := a.open(ctx, opening{migrate: migrateNever, restores: true})
	if err != nil {
		return cannotAsk(err)
	}
	defer inst.close()
	mark, err := markRestore(inst, a.actor("").Name, time.Now()) // first, so that no server starts after the look
	if err != nil {
		return err
	}
	running, err := inst.authn.Cluster.RunningServers(ctx)
	if err != nil || len(running) > 0 {
		err = errors.Join(cannotAsk(err), mark.takeBack())
	}
	if err != nil {
		return err
	}
	view := restoreBeginView{Database: inst.where(), Running: []serverView{}}
	state := "no server runs"
	for _, n := range running {
		view.Running = append(view.Running, serverView{n.ID, n.Name, n.SeenAt})
		state = "servers run"
	}
	if len(running) == 0 {
		view.Mark = mark.path
		a.say("no server runs on %s; put the backup in its place now, then run authctl restore finish", view.Database)
	}
	t := table{header: []string{"DATABASE", "STATE", "MARK"}, rows: [][]string{{view.Database, state, orDash(view.Mark)}}}
	return errors.Join(o.print(a.out, view, t, nil), serversRun(inst, running))
}

// cannotAsk returns the error for a database that is too damaged to be queried.
func cannotAsk(err error) error {
	if err == nil {
		return nil
	}
	end := endingOf(err)
	return &problem{end.exit, fmt.Errorf("cannot tell whether servers run: %w", err),
		"if the database is lost, make sure yourself that every server is stopped, put the backup in its place, and run authctl restore finish"}
}

// serversRun returns an error while there are servers. On SQLite they certainly run.
func serversRun(inst *instance, running []store.Node) error {
	if len(running) == 0 {
		return nil
	}
	hint := "stop them and whatever restarts them, and run this command again"
	if markPath(inst.cfg) == "" {
		var longest time.Duration
		for _, n := range running {
			longest = max(longest, n.Staleness-n.Silent)
		}
		hint += fmt.Sprintf("; a killed server counts as running for %s more, or until authctl node forget NODE", max(longest, 0).Round(time.Second)+5*time.Second)
	}
	return &problem{exitCheck, fmt.Errorf("%s to stop first: %s", count(int64(len(running)), "server"), nodeNames(running)), hint}
}
