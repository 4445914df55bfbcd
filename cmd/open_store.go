package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/sqlite"
)

// interactivePatience is how long an interactive command tries to reach the database. It is short, so
// that a person soon learns of a mistyped port.
const interactivePatience = 3 * time.Second

// patience returns how long to try to reach the database.
func (a *app) patience(inst *instance, o opening) time.Duration {
	if o.serves || o.patient || a.waits {
		return inst.cfg.Database.ConnectTimeout
	}
	return min(interactivePatience, inst.cfg.Database.ConnectTimeout)
}

func (a *app) openStore(ctx context.Context, inst *instance, o opening) (store.Store, error) {
	path, onSQLite := inst.cfg.SQLitePath()
	if onSQLite && o.separate != "" {
		return nil, usage("", "--separate-schema is for PostgreSQL: SQLite has no schemas")
	}
	if onSQLite {
		return openSQLite(ctx, inst, path, o.create)
	}
	d := inst.cfg.Database
	deadline := time.Now().Add(a.patience(inst, o))
	patient := a.patience(inst, o) > interactivePatience
	unavailable := func(err error) bool {
		_, refused := errors.AsType[*store.Refusal](err) // whoever sits there would rather be told at once
		return errors.Is(err, store.ErrUnavailable) && (patient || !refused)
	}
	var waiting func(time.Duration)
	if !o.serves {
		waiting = a.sayWaiting
	}
	return persist(ctx, a, deadline, "the database does not answer yet", unavailable, func(ctx context.Context) (store.Store, error) {
		return postgres.Open(ctx, postgres.Config{
			URL:                      string(d.URL.Text),
			MaxConnections:           d.MaxConnections,
			MinConnections:           d.MinConnections,
			StatementTimeout:         d.StatementTimeout,
			IdleInTransactionTimeout: d.IdleInTransactionTimeout,
			StatementCache:           d.StatementCache,
			Waiting:                  waiting,
			LockWait:                 a.sayLockWait,
			SeparateSchema:           o.separate,
		})
	})
}

// sayWaiting reports that a commit waits for a standby. No timeout ends that wait.
func (a *app) sayWaiting(since time.Duration) {
	a.say("the database has not answered for %s, still waiting; a commit waits while no standby of synchronous_standby_names is connected", since)
}

// sayLockWait names the process for which a migration waits.
func (a *app) sayLockWait(w postgres.LockWait) {
	a.say("waiting for %s: %s", w.Waited.Round(time.Second), w)
}

func openSQLite(ctx context.Context, inst *instance, path string, create bool) (store.Store, error) {
	if create {
		if err := sqlite.Check(path); err != nil {
			return nil, err
		}
		if err := refuseRestoring(inst.cfg); err != nil {
			return nil, err
		}
	}
	there, statErr := os.Stat(path)
	if target, err := os.Readlink(path); err == nil && errors.Is(statErr, fs.ErrNotExist) { // perhaps a volume is not mounted
		return nil, &problem{exitFailed, fmt.Errorf("%s is a symbolic link to %s, which does not exist", inst.where(), target), "restore the file, or remove the link to create a new database in its place"}
	}
	if there != nil && there.Size() == 0 && !create { // opening it would write into it
		return nil, noDatabase(inst, "%s is empty", inst.where())
	}
	st, err := sqlite.Open(ctx, sqlite.Config{Path: path, MaxReaders: int(inst.cfg.Database.MaxConnections), Create: create})
	if restoring := refuseRestoring(inst.cfg); errors.Is(err, fs.ErrNotExist) && restoring != nil {
		return nil, &problem{exitUnreachable, fmt.Errorf("there is no database %s; %w", inst.where(), restoring), "put the backup in its place, then run authctl restore finish"}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noDatabase(inst, "there is no database %s", inst.where())
	}
	if err != nil {
		return nil, err
	}
	if errors.Is(statErr, fs.ErrNotExist) {
		inst.created = path
	}
	return st, nil
}
