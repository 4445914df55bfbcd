package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const deleteUser = `
DELETE FROM users AS u
WHERE u.id = $1 AND ($3 = '' OR u.password_hash = $3)
RETURNING ` + userColumns + `, GREATEST(u.generation + 1, $2)`

// DeleteUser implements [store.Store].
func (s *Store) DeleteUser(ctx context.Context, id uuid.UUID, d store.Deletion, e store.Event) error {
	_, err := s.changeUser(ctx, userChange{
		op: "delete user", query: deleteUser,
		args:         []any{id, store.NextGeneration(e.At), d.PasswordHash},
		endsSessions: true,
		also: func(ctx context.Context, tx pgx.Tx, u store.User, e store.Event) error {
			if err := releaseUser(ctx, tx, u, e); err != nil {
				return err
			}
			if err := emptyMail(ctx, tx, u, e); err != nil {
				return err
			}
			to := ownerOf(u)
			to.userID = uuid.Nil
			return queueMail(ctx, tx, d.Notice, to, e)
		},
	}, e)
	if d.PasswordHash != "" && errors.Is(err, store.ErrNotFound) {
		if _, err := s.UserByID(ctx, id); err == nil {
			return fmt.Errorf("delete user: the password hash has changed: %w", store.ErrConflict)
		}
	}
	return err
}
