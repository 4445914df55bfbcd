package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/authctl/authctl/store"
)

const updateResumed = `UPDATE installation SET resumed_at = COALESCE(?1, ` + clockMicros + `)`

// Resume implements [store.Store].
func (s *Store) Resume(ctx context.Context, clock time.Time, e store.Event) error {
	return s.write(ctx, "resume", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, updateResumed, nullTime(clock)); err != nil {
			return err
		}
		return record(ctx, tx, e)
	})
}

// AskNodes implements [store.Store].
func (s *Store) AskNodes(ctx context.Context, at time.Time) error {
	return s.write(ctx, "ask nodes", func(tx *sql.Tx) error { return publish(ctx, tx, store.Revocation{Keys: true, At: at}) })
}
