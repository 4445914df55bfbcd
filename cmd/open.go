package cmd

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/store"
)

// open is the only constructor of the store and the service. `serve` and every other
// command call it, so that all of them have the same rules.
func (a *app) open(ctx context.Context, o opening) (*instance, error) {
	if _, err := a.operator(); err != nil && !o.serves {
		return nil, err
	}
	if o.serves {
		a.sources.Decoded = func(cfg config.Loaded) { a.startLog(ctx, cfg) }
	}
	cfg, err := a.load(ctx, o.wants)
	a.sources.Decoded = nil // a reload leaves the log open
	if o.serves && a.log == nil {
		a.startLog(ctx, cfg)
	}
	if err != nil {
		return nil, err
	}
	inst := &instance{cfg: cfg}
	if o.serves {
		a.starting(inst)
	}
	switch {
	case o.serves:
		err = cfg.CheckStart(ctx)
	case o.signs:
		err = cfg.CheckServing()
	}
	if err != nil {
		return nil, err
	}
	if inst.store, err = a.openStore(ctx, inst, o); err != nil {
		return nil, err
	}
	if err := a.prepare(ctx, inst, o); err != nil {
		inst.store.Close()
		return nil, err
	}
	if inst.created != "" {
		a.say("created database %s", inst.where())
	}
	if !o.reads {
		a.name(inst, o)
	}
	if restoring := refuseRestoring(cfg); restoring != nil && !o.restores {
		a.say("warning: %v: the restore may replace what you change now", restoring)
	}
	return inst, nil
}

func (a *app) prepare(ctx context.Context, inst *instance, o opening) error {
	if err := checkEnvironment(ctx, inst, o); err != nil {
		return err
	}
	if err := a.settleSchema(ctx, inst, o); err != nil {
		return err
	}
	var err error
	if inst.secret, err = a.secretOf(inst, o); err != nil {
		return err
	}
	if inst.authn, err = newService(inst, inst.store); err != nil {
		return err
	}
	if o.migrate != migrateNever {
		if err := inst.authn.Cluster.NoteHistory(ctx); err != nil {
			return err
		}
	}
	if !o.signs && !o.verifies {
		return nil
	}
	return inst.authn.Keys.Read(ctx)
}

// settleSchema makes sure that the schema is compatible with this binary. A SQLite file without
// authctl's tables is not a database of authctl, and may belong to another program.
func (a *app) settleSchema(ctx context.Context, inst *instance, o opening) error {
	if o.migrate == migrateNever {
		return nil
	}
	err := inst.store.Ready(ctx)
	mismatch, ok := errors.AsType[*store.SchemaError](err)
	_, onSQLite := inst.cfg.SQLitePath()
	if !ok || !mismatch.Behind() || (o.migrate == migrateSQLite && !onSQLite) {
		return err
	}
	if mismatch.Current == 0 && onSQLite && !o.create {
		return noDatabase(inst, "%s has no tables of authctl", inst.where())
	}
	applied, err := inst.store.MigrateUp(ctx)
	for _, step := range applied {
		a.say("applied migration %s", step.Name)
	}
	return err
}

// secretOf returns the secret for the access tokens. If the configuration has none, a SQLite
// installation has a secret of its own, which `serve` generates. A command that needs no secret
// gets a random one, because the service requires one.
func (a *app) secretOf(inst *instance, o opening) (string, error) {
	if inst.cfg.JWT.Secret.Text != "" {
		return string(inst.cfg.JWT.Secret.Text), nil
	}
	path, onSQLite := inst.cfg.SQLitePath()
	kept := config.SecretPath(path)
	_, err := os.Stat(kept)
	if there := onSQLite && err == nil; !o.signs && !(o.verifies && there) {
		inst.noSecret = true
		return config.RandomSecret(), nil
	}
	inst.secretFile = kept
	if !o.create && errors.Is(err, fs.ErrNotExist) {
		return "", noSecret(inst)
	}
	secret, made, err := config.EnsureSecret(inst.secretFile)
	if made {
		a.say("created secret %s", config.Absolute(kept))
	}
	return secret, err
}

// newService returns the service of an installation on the store st, or on none if st is nil.
func newService(inst *instance, st store.Store) (*authn.Service, error) {
	rules, err := config.ServiceSettings(inst.cfg, inst.secret)
	if err != nil {
		return nil, &problem{exitUsage, err, ""}
	}
	rules.NoSecret = inst.noSecret
	return authn.New(rules, st)
}
