package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// TestWhoHangsUpLeavesTheConnection: a statement waits for a lock, which is released as soon
// as its caller has cancelled. A very busy machine may close the connection anyway, but not a
// hundred times in a row.
func TestWhoHangsUpLeavesTheConnection(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	s := open(t, postgres.Config{URL: url, MaxConnections: 1})
	ctx := context.Background()
	other, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(ctx)
	serving := func() (pid, waiting int) {
		if err := other.QueryRow(ctx, `
			SELECT pid, count(*) FILTER (WHERE wait_event_type = 'Lock') FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
			GROUP BY pid ORDER BY pid DESC LIMIT 1`).Scan(&pid, &waiting); err != nil {
			t.Fatal(err)
		}
		return pid, waiting
	}
	for range 100 {
		if err := s.Ready(ctx); err != nil {
			t.Fatal(err)
		}
		before, _ := serving()
		tx, err := other.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(ctx, "LOCK TABLE users IN ACCESS EXCLUSIVE MODE"); err != nil {
			t.Fatal(err)
		}
		gone, hangUp := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.User(gone, "alice") // whatever becomes of it
		}()
		for {
			if _, waiting := serving(); waiting > 0 {
				break
			}
		}
		hangUp()
		if err := tx.Rollback(ctx); err != nil {
			t.Fatal(err)
		}
		<-ended
		if err := s.Ready(ctx); err != nil {
			t.Fatal(err)
		}
		if after, _ := serving(); after == before {
			return
		}
	}
	t.Error("each time another connection was opened")
}
