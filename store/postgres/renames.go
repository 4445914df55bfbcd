package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const updateUsername = `
UPDATE users AS u SET username = $2, username_folded = $3, generation = GREATEST(u.generation + 1, $4)
WHERE u.id = $1
RETURNING ` + userColumns + `, u.generation`

// RenameUser implements [store.Store].
func (s *Store) RenameUser(ctx context.Context, id uuid.UUID, username, folded string, e store.Event) (u store.User, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var before, after userRow
		if err := tx.QueryRow(ctx, lockUser, id).Scan(before.dest()...); err != nil {
			return err
		}
		var generation int64
		err := tx.QueryRow(ctx, updateUsername, id, username, folded, store.NextGeneration(e.At)).Scan(append(after.dest(), &generation)...)
		if err != nil {
			return err
		}
		if u = after.get(); u.Folded != before.user.Folded {
			if err := releaseUser(ctx, tx, before.get(), e); err != nil {
				return err
			}
		}
		if err := publish(ctx, tx, store.Revocation{At: e.At, UserID: id, Generation: generation}); err != nil {
			return err
		}
		return record(ctx, tx, e)
	})
	if err != nil {
		return store.User{}, translate("rename user", err)
	}
	return u, nil
}
