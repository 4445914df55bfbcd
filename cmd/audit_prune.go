package cmd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

type auditPruneOptions struct {
	output
	confirmOptions
	before filled
	reason string
}

func newAuditPrune(a *app) *cobra.Command {
	var o auditPruneOptions
	c := &cobra.Command{
		Use:   "prune --before TIME",
		Short: "Permanently delete old events from the audit trail",
		Long: `Delete the events of the audit trail that are older than a time, the oldest first and in
batches. An interrupted prune keeps the batches that it has deleted. The event audit_pruned
records the operator, the time, and the limit of --before. No prune deletes that event.`,
		Example: `  authctl audit prune --before 400d --dry-run
  authctl audit prune --before 2025-01-01 --yes --reason "retention"`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.output.addFlag(c, "table", "json", "yaml")
	o.confirmOptions.addFlag(c)
	c.Flags().Var(&o.before, "before", "delete events older than this `time`: 2026-03-01T09:00:00Z, 2026-03-01, or an age such as 400d")
	addReason(c, &o.reason)
	return c
}

// auditPruneView is the result in JSON and YAML.
type auditPruneView struct {
	Database string    `json:"database"`
	Before   time.Time `json:"before"`
	Events   int64     `json:"events"` // that were older when they were counted
	Deleted  int64     `json:"deleted"`
	DryRun   bool      `json:"dry_run"`
	Reason   string    `json:"reason"`
}

func (o *auditPruneOptions) run(ctx context.Context, a *app) error {
	now := time.Now()
	if o.before == "" {
		return usage(instantForms, "give the time: --before TIME")
	}
	before, err := parseTime(string(o.before), now)
	if err != nil {
		return usage(instantForms, "--before: %q is not a time", o.before)
	}
	if before.After(now) {
		return usage(instantForms, "--before: %s is in the future", when(before))
	}
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	view := auditPruneView{Database: inst.where(), Before: before.UTC(), DryRun: o.dryRun, Reason: o.reason}
	if view.Events, err = inst.authn.CountPrunable(ctx, before); err != nil {
		return err
	}
	if view.Events == 0 {
		a.say("%[2]s has no event before %[1]s", when(before), view.Database)
		return o.show(a, view)
	}
	ok, err := o.confirm(ctx, a, fmt.Sprintf("permanently delete %s before %s from the audit trail in %s", count(view.Events, "event"), when(before), view.Database))
	if err != nil {
		return err
	}
	if ok {
		if view.Deleted, err = o.prune(ctx, a, inst, view); err != nil {
			return err
		}
	}
	return o.show(a, view)
}

// prune deletes the events, and reports its progress.
func (o *auditPruneOptions) prune(ctx context.Context, a *app, inst *instance, view auditPruneView) (int64, error) {
	_, onTerminal := terminal(a.err)
	progress := pruneLines(a, view.Events)
	if onTerminal {
		progress = func(done int64) {
			fmt.Fprintf(a.err, "\rauthctl: %s deleted %s ", progressBar(done, view.Events), count(done, "event"))
		}
	}
	deleted, err := inst.authn.PruneEvents(ctx, a.actor(o.reason), view.Before, progress)
	if onTerminal && deleted > 0 {
		fmt.Fprintln(a.err)
	}
	if err != nil {
		a.say("stopped after permanently deleting %s from %s; run the command again to delete the rest", count(deleted, "event"), view.Database)
		return deleted, mayNotDelete(err)
	}
	a.say("deleted %s from %s", count(deleted, "event"), view.Database)
	return deleted, nil
}

// pruneLines returns a function that reports the progress of a prune at every tenth except the last.
func pruneLines(a *app, whole int64) func(done int64) {
	tenths := int64(0)
	return func(done int64) {
		if now := done * 10 / whole; now > tenths && done < whole {
			tenths = now
			a.say("deleted %s of %d", count(done, "event"), whole)
		}
	}
}

// mayNotDelete adds a hint to the error of a PostgreSQL role that may not delete events.
func mayNotDelete(err error) error {
	const insufficientPrivilege = "42501"
	refused, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err)
	if !ok || refused.SQLState() != insufficientPrivilege {
		return err
	}
	return &problem{exitFailed, err, "this role may not delete from audit_events: set DATABASE_URL to the role that owns the tables"}
}

func (o *auditPruneOptions) show(a *app, v auditPruneView) error {
	state := "deleted"
	if o.dryRun {
		state = "would delete"
	}
	return o.print(a.out, v, table{
		header: []string{"BEFORE", "EVENTS", "DELETED", "STATE"},
		rows:   [][]string{{when(v.Before), strconv.FormatInt(v.Events, 10), strconv.FormatInt(v.Deleted, 10), state}},
	}, nil)
}
