package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

// unboundStatements lifts the statement timeout, because the transaction writes every user's row.
// It is local to the transaction, so that it works through a pooler.
const unboundStatements = `SET LOCAL statement_timeout = 0`

const moveUsers = `UPDATE users SET generation = GREATEST(generation + 1, $1)`

const deleteFeed = `DELETE FROM revocations`

const deleteNodes = `DELETE FROM nodes`

// FinishRestore implements [store.Store]. The transaction ids in the feed may be from another cluster.
func (s *Store) FinishRestore(ctx context.Context, least int64, e store.Event) (done store.Restoration, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, unboundStatements); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, bumpInstallation, least).Scan(&done.Generation); err != nil {
			return err
		}
		for _, step := range []struct {
			query   string
			args    []any
			changed *int
		}{{moveUsers, []any{least}, &done.Users}, {deleteFeed, nil, &done.Revocations}, {deleteNodes, nil, &done.Nodes}} {
			tag, err := tx.Exec(ctx, step.query, step.args...)
			if err != nil {
				return err
			}
			*step.changed = int(tag.RowsAffected())
		}
		if err := publish(ctx, tx, store.Revocation{At: e.At, Generation: done.Generation}); err != nil {
			return err
		}
		if err := record(ctx, tx, e); err != nil {
			return err
		}
		return record(ctx, tx, e.EndsEverybody())
	})
	if err != nil {
		return store.Restoration{}, translate("finish restore", err)
	}
	return done, nil
}
