package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// TestALockOnOneRowIsNoFaultOfTheDatabase locks one session's row until a rotation of it times
// out. The rotation changed nothing, so no answer was lost.
func TestALockOnOneRowIsNoFaultOfTheDatabase(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	s := open(t, postgres.Config{URL: url})
	p := newSomeone(t, s)
	id, hash := p.signIn("", [16]byte{})
	conn, err := pgx.Connect(p.ctx, url)
	p.ok(err)
	defer conn.Close(p.ctx)
	tx, err := conn.Begin(p.ctx)
	p.ok(err)
	_, err = tx.Exec(p.ctx, `SELECT 1 FROM refresh_tokens FOR UPDATE`)
	p.ok(err)
	rotate := func() (store.RotateResult, error) {
		return s.Rotate(p.ctx, store.Rotation{SessionID: id, TokenHash: hash, NextHash: hashOf("next"), NextStep: 1, Successor: make([]byte, 32),
			At: at, ExpiresAt: at.Add(time.Hour), RetryWindow: 10 * time.Second}, login)
	}
	if _, err := rotate(); !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, store.ErrBusy) {
		t.Errorf("got %v, want it busy", err)
	}
	p.ok(tx.Rollback(p.ctx))
	if r, err := rotate(); err != nil || r.Outcome != store.Rotated {
		t.Errorf("once the lock is free: got %s, %v", r.Outcome, err)
	}
}
