package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// TestNobodyWaitsForAConnectionForLong: the only connection waits for a lock. Without the
// timeouts of a session, it waits until the lock is free.
func TestNobodyWaitsForAConnectionForLong(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	s := open(t, postgres.Config{URL: url, MaxConnections: 1, StatementCache: "describe"})
	ctx := context.Background()
	other, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(ctx)
	tx, err := other.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "LOCK TABLE users IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	var patient sync.WaitGroup
	patient.Go(func() {
		if _, err := s.User(ctx, "alice"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("who has the connection got %v, want nobody found once the lock is free", err)
		}
	})
	for s.Stats().InUse == 0 {
		time.Sleep(time.Millisecond)
	}
	before := s.Stats().Waits
	gone, hangUp := context.WithCancel(ctx)
	patient.Go(func() {
		if err := s.Ready(gone); !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrBusy) || !errors.Is(err, context.Canceled) {
			t.Errorf("who has hung up got %v, want that it is unavailable, and not for others", err)
		}
	})
	hangUp()
	began := time.Now()
	if err := s.Ready(ctx); !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrBusy) {
		t.Errorf("got %v, want that it is unavailable, and not for others: it answers nobody", err)
	}
	if took := time.Since(began); took < time.Second || took > 20*time.Second {
		t.Errorf("it took %s, want some two seconds", took)
	}
	if got := s.Stats(); got.Waits-before != 2 || got.WaitFor < time.Second {
		t.Errorf("the figures are %+v, with %d waits before", got, before)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	patient.Wait()
	for range 20 { // no place was lost
		if err := s.Ready(ctx); err != nil {
			t.Fatal(err)
		}
	}
}
