package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/cmd/vault"
	"github.com/authctl/authctl/store"
)

// app is what every command is given: where to read and write, and how to come
// by the configuration, the store and the service, which are opened when a
// command asks for them and not before.
type app struct {
	in      io.Reader
	out     io.Writer // data
	err     io.Writer // talk
	sources config.Sources
	as      operatorName  // --as
	log     *serverLog    // of serve, once it is open; nil before, and of every other command
	vault   *vault.Client // made when something is kept there

	vaultLogin config.Vault // what vault was made with

	database string // the one that the command may change, as people read it; "" when it changes none
	waits    bool   // --wait was given
}

// say writes a line of talk; where the log is JSON, into the log.
func (a *app) say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if a.log != nil && a.log.json {
		a.log.say(line)
		return
	}
	fmt.Fprintf(a.err, "authctl: %s\n", printable(line))
}

// terminal returns the terminal that a stream is, if it is one.
func terminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// opening says what a command needs of [app.open].
type opening struct {
	create   bool // make a SQLite file, or a secret, that is missing
	reads    bool // nothing is changed, so the database needs no naming
	patient  bool // database.connect_timeout is waited for, and not a moment
	signs    bool // the secret is needed, to issue and check tokens
	verifies bool // the secret is of use, if there is one
	hashes   bool // passwords are hashed, or hashes looked at
	serves   bool // requests, which have a time limit each
	restores bool // a restore that was begun is no surprise
	migrate  migration
	separate string // schema of PostgreSQL that may have an installation beside another's; "" for none
}

// wants reports whether a secret is needed that may be kept elsewhere. What must end sessions
// shall not depend on a Vault that is away.
func (o opening) wants(key string) bool {
	switch section, _, _ := strings.Cut(key, "."); section {
	case "jwt":
		return o.signs || o.verifies
	case "password":
		return o.hashes
	default:
		return true
	}
}

// migration is what happens to a schema that is behind.
type migration int

const (
	migrateSQLite migration = iota // applied on SQLite, refused on PostgreSQL
	migrateAlways                  // applied
	migrateNever                   // left as it is; the schema is not looked at
)

// instance is an opened installation.
type instance struct {
	cfg        config.Loaded
	store      store.Store
	authn      *authn.Service
	secret     string // jwt.secret, or the one that was made
	noSecret   bool   // secret is a random one, because none is known
	secretFile string // where a secret was made just now, or is kept; "" when it is configured
	created    string // the SQLite file that was made just now, or ""
}

// open is the one constructor of the store and the service: `serve` and every
// other command come by them here, so that no rule can differ between them.
func (a *app) open(ctx context.Context, o opening) (*instance, error) {
	if _, err := a.operator(); err != nil && !o.serves {
		return nil, err
	}
	cfg, err := a.load(ctx, o.wants)
	if o.serves {
		a.startLog(cfg)
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
		a.say("made database %s", inst.where())
	}
	if !o.reads {
		a.name(inst, o)
	}
	if restoring := refuseRestoring(cfg); restoring != nil && !o.restores {
		a.say("warning: %v: what is changed now may be replaced", restoring)
	}
	return inst, nil
}

func (a *app) prepare(ctx context.Context, inst *instance, o opening) error {
	if err := refuseProduction(ctx, inst, o); err != nil {
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

func (i *instance) close() {
	if i.authn != nil {
		i.authn.Close()
	}
	if i.store != nil {
		i.store.Close()
	}
}

// settleSchema makes sure that the schema is the one this binary needs. A SQLite file without
// tables of authctl is no database yet, and perhaps somebody else's.
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

// secretOf returns the key of the access tokens. Without one in the
// configuration a SQLite installation keeps its own, which `serve` makes. A command that
// needs none gets a random one, for the service to be complete.
func (a *app) secretOf(inst *instance, o opening) (string, error) {
	if inst.cfg.JWT.Secret != "" {
		return string(inst.cfg.JWT.Secret), nil
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
		a.say("made secret %s", config.Absolute(kept))
	}
	return secret, err
}

// newService makes the service of an installation on st, nil for none.
func newService(inst *instance, st store.Store) (*authn.Service, error) {
	rules, err := config.ServiceSettings(inst.cfg, inst.secret)
	if err != nil {
		return nil, &problem{exitUsage, err, ""}
	}
	rules.NoSecret = inst.noSecret
	return authn.New(rules, st)
}
