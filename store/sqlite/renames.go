package sqlite

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const updateUsername = `
UPDATE users SET username = ?2, username_folded = ?3, generation = MAX(users.generation + 1, ?4)
WHERE users.id = ?1
RETURNING ` + userColumns + `, users.generation`

// RenameUser implements [store.Store].
func (s *Store) RenameUser(ctx context.Context, id uuid.UUID, username, folded string, e store.Event) (u store.User, err error) {
	err = s.write(ctx, "rename user", func(tx *sql.Tx) error {
		var before, after userRow
		if err := tx.QueryRowContext(ctx, selectUserByID, id).Scan(before.dest()...); err != nil {
			return err
		}
		var generation int64
		err := tx.QueryRowContext(ctx, updateUsername, id, username, folded, store.NextGeneration(e.At)).Scan(append(after.dest(), &generation)...)
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
		return store.User{}, err
	}
	return u, nil
}
