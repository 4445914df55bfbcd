package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/store"
)

func newMigrate(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to date",
		Long:  `Bring the database's schema up to date. "authctl migrate" is "authctl migrate up".`,
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return migrateUpOptions{}.run(c.Context(), a) },
	}
	c.AddCommand(newMigrateUp(a), newMigrateDown(a), newMigrateStatus(a))
	return c
}

type migrateUpOptions struct{ separate string }

func newMigrateUp(a *app) *cobra.Command {
	var o migrateUpOptions
	c := &cobra.Command{
		Use:   "up",
		Short: "Apply every pending migration",
		Long: `Apply every pending migration. On PostgreSQL one process at a time migrates a schema. While another
process does, the command names that process every five seconds. It gives up after five minutes.

The command creates the tables in the first existing schema of the search path. It creates none when
another schema of the database has authctl's tables, unless --separate-schema names the schema for them.`,
		Example: `  authctl migrate up
  authctl migrate up --separate-schema staging   # with search_path=staging in database.url`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	c.Flags().StringVar(&o.separate, "separate-schema", "", "PostgreSQL schema for a separate installation, beside another one")
	return c
}

func (o migrateUpOptions) run(ctx context.Context, a *app) error {
	inst, err := a.open(ctx, opening{create: true, patient: true, migrate: migrateNever, separate: o.separate})
	if err != nil {
		return err
	}
	defer inst.close()
	applied, err := inst.store.MigrateUp(ctx)
	if err != nil {
		return err
	}
	for _, m := range applied {
		a.say("applied migration %s", m.Name)
	}
	if len(applied) > 0 {
		return nil
	}
	schema, err := inst.store.Schema(ctx)
	if err != nil {
		return err
	}
	if schema.Newer() {
		a.say("nothing to do, %s", newerSchema(schema))
		return nil
	}
	a.say("nothing to do, the schema is current")
	return nil
}

// newerSchema describes a schema that is newer than this binary, but compatible with it.
func newerSchema(s store.Schema) string {
	return fmt.Sprintf("the schema is at version %d, newer than the %d that this authctl knows; it is compatible with releases that know %d or newer",
		s.Current, s.Latest, s.MinVersion)
}

type migrateDownOptions struct{ confirmOptions }

func newMigrateDown(a *app) *cobra.Command {
	var o migrateDownOptions
	c := &cobra.Command{
		Use:   "down",
		Short: "Roll back the newest migration, and delete the data it added",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.addFlag(c)
	return c
}

func (o migrateDownOptions) run(ctx context.Context, a *app) error {
	inst, err := a.open(ctx, opening{patient: true, migrate: migrateNever})
	if err != nil {
		return err
	}
	defer inst.close()
	schema, err := inst.store.Schema(ctx)
	if err != nil {
		return err
	}
	if schema.Current == 0 {
		return &problem{exitNotFound, errors.New("no migration is applied"), ""}
	}
	if ok, err := o.confirm(ctx, a, fmt.Sprintf("roll back migration %d and delete the data in its tables", schema.Current)); !ok {
		return err
	}
	m, err := inst.store.MigrateDown(ctx)
	if err != nil {
		return err
	}
	a.say("rolled back migration %s", m.Name)
	return nil
}

type migrateStatusOptions struct {
	output
	wait    bool
	timeout time.Duration
}

func newMigrateStatus(a *app) *cobra.Command {
	var o migrateStatusOptions
	c := &cobra.Command{
		Use:   "status",
		Short: "Show which migrations are applied; exit 3 when the schema is incompatible with this authctl",
		Long: `Show which migrations are applied. Before "migrate up" of a newer release, run "migrate status"
of that release. MIN VERSION says which running servers keep working after a migration: those
whose newest known schema version is MIN VERSION or later. "migrate status -o json" of the
running release prints that version as "latest".

The command exits with 3 when the schema is older than this authctl needs, or newer and
incompatible with it.`,
		Example: `  authctl migrate status --wait --timeout 2m   # in an init container`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !o.wait && c.Flags().Changed("timeout") {
				return usage("", "--timeout needs --wait: without it the command does not wait")
			}
			return o.run(c.Context(), a)
		},
	}
	o.addFlag(c, "table", "json", "yaml")
	c.Flags().BoolVar(&o.wait, "wait", false, "wait until the schema is current")
	o.timeout = 5 * time.Minute
	c.Flags().Var((*span)(&o.timeout), "timeout", "how long to wait")
	return c
}

type migrationView struct {
	Version    int64      `json:"version"`
	Name       string     `json:"name"`
	AppliedAt  *time.Time `json:"applied_at"`
	MinVersion int64      `json:"min_version"` // oldest version an authctl may know and still run correctly after it
}

type schemaView struct {
	Current    int64           `json:"current"`
	Latest     int64           `json:"latest"`
	MinVersion int64           `json:"min_version"` // the same for the database as it is
	Migrations []migrationView `json:"migrations"`
}

func (o migrateStatusOptions) run(ctx context.Context, a *app) error {
	if o.wait {
		waitCtx, cancel := context.WithTimeout(ctx, o.timeout)
		defer cancel()
		if err := a.awaitSchema(waitCtx); err != nil {
			return err
		}
	}
	inst, err := a.open(ctx, opening{reads: true, patient: true, migrate: migrateNever})
	if refusal, ok := errors.AsType[*store.Refusal](err); ok {
		return &problem{exitCheck, err, refusal.Advice}
	}
	if err != nil {
		return err
	}
	defer inst.close()
	schema, err := inst.store.Schema(ctx)
	if err != nil {
		return err
	}
	view := schemaView{schema.Current, schema.Latest, schema.MinVersion, []migrationView{}}
	t := table{header: []string{"VERSION", "NAME", "APPLIED AT", "MIN VERSION"}}
	for _, m := range schema.Migrations {
		view.Migrations = append(view.Migrations, migrationView{m.Version, m.Name, timeOrNull(m.AppliedAt), m.MinVersion})
		t.rows = append(t.rows, []string{fmt.Sprint(m.Version), m.Name, when(m.AppliedAt), fmt.Sprint(m.MinVersion)})
	}
	if err := o.print(a.out, view, t, nil); err != nil {
		return err
	}
	if schema.Newer() && schema.Check() == nil {
		a.say("%s", newerSchema(schema))
	}
	if err := inst.store.Ready(ctx); errors.Is(err, store.ErrSchema) {
		return &problem{exitCheck, err, endingOf(err).hint}
	} else if err != nil {
		return err
	}
	return nil
}

// awaitSchema returns when the schema is current. It also waits for a database that is unreachable
// or does not exist yet.
func (a *app) awaitSchema(ctx context.Context) error {
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	last := ""
	for {
		err := a.schemaIsCurrent(ctx)
		if mismatch, ok := errors.AsType[*store.SchemaError](err); err == nil || (ok && !mismatch.Behind()) {
			return err
		}
		if _, bad := errors.AsType[config.Faults](err); bad {
			return err
		}
		if text := oneLine(err); text != last && (last == "" || ctx.Err() == nil) { // the end of the time cuts the last look short
			last = text
			a.say("waiting: %s", last)
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return &problem{exitCheck, fmt.Errorf("the schema did not become current in time: %s", last), "authctl migrate up"}
			}
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

func (a *app) schemaIsCurrent(ctx context.Context) error {
	inst, err := a.open(ctx, opening{reads: true, patient: true, migrate: migrateNever})
	if err != nil {
		return err
	}
	defer inst.close()
	return inst.store.Ready(ctx)
}
