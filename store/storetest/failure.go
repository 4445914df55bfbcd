package storetest

import (
	"context"
	"time"

	"github.com/authctl/authctl/store"
)

var failureCases = []testCase{
	{"a cancelled context makes the database unavailable", func(f *fixture) {
		ctx, cancel := context.WithCancel(f.ctx)
		cancel()
		f.unavailable(ctx, context.Canceled)
		equal(f, "sessions", f.rows(), 0)
		equal(f, "events", len(f.events()), 0)
	}},
	{"a deadline that has passed makes the database unavailable", func(f *fixture) {
		ctx, cancel := context.WithDeadline(f.ctx, time.Unix(1, 0))
		defer cancel()
		f.unavailable(ctx, context.DeadlineExceeded)
	}},
	{"waiting for a lock ends with the context", func(f *fixture) {
		u := f.user("alice")
		tx, err := f.db.BeginTx(f.ctx, nil)
		f.ok("begin", err)
		defer tx.Rollback()
		_, err = tx.ExecContext(f.ctx, `UPDATE users SET generation = generation`)
		f.ok("take the lock", err)
		ctx, cancel := context.WithTimeout(f.ctx, 50*time.Millisecond)
		defer cancel()
		_, err = f.store.DisableUser(ctx, u.ID, event(store.ActionUserDisabled, noon))
		f.is("disable", err, store.ErrUnavailable)
		f.is("disable", err, context.DeadlineExceeded)
		f.ok("roll back", tx.Rollback())
		_, err = f.store.DisableUser(f.ctx, u.ID, event(store.ActionUserDisabled, noon))
		f.ok("disable once the lock is free", err)
	}},
	{"a database that takes writes says so", func(f *fixture) {
		f.ok("writable", f.store.Writable(f.ctx))
	}},
	{"the pool's figures are sane", func(f *fixture) {
		f.user("alice")
		s := f.store.Stats()
		if s.Max < 1 || s.Open < 1 || s.Open > s.Max || s.InUse != 0 || s.Waits < 0 || s.WaitFor < 0 {
			f.Errorf("stats: %+v", s)
		}
	}},
}

// unavailable checks that every method reports both the sentinel and the cause.
func (f *fixture) unavailable(ctx context.Context, cause error) {
	f.Helper()
	all := operations(f.store)
	all["ready"] = f.store.Ready
	all["schema"] = func(ctx context.Context) error { _, err := f.store.Schema(ctx); return err }
	all["migrate up"] = func(ctx context.Context) error { _, err := f.store.MigrateUp(ctx); return err }
	all["migrate down"] = func(ctx context.Context) error { _, err := f.store.MigrateDown(ctx); return err }
	for name, do := range all {
		err := do(ctx)
		f.is(name, err, store.ErrUnavailable)
		f.is(name, err, cause)
	}
}
