package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const updateResumed = `UPDATE installation SET resumed_at = COALESCE($1::timestamptz, clock_timestamp())`

// Resume implements [store.Store].
func (s *Store) Resume(ctx context.Context, clock time.Time, e store.Event) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, updateResumed, nullTime(clock)); err != nil {
			return err
		}
		return record(ctx, tx, e)
	})
	return translate("resume", err)
}

// AskNodes implements [store.Store].
func (s *Store) AskNodes(ctx context.Context, at time.Time) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return publish(ctx, tx, store.Revocation{Keys: true, At: at}) })
	return translate("ask nodes", err)
}
