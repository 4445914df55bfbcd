package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const updateRights = `
UPDATE users SET roles = ?3, claims = ?4, rights_generation = MAX(users.rights_generation + 1, ?5)
WHERE users.id = ?1 AND users.rights_generation = ?2
RETURNING ` + userColumns

const userExists = `SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1)`

// SetRights implements [store.Store].
func (s *Store) SetRights(ctx context.Context, id uuid.UUID, r store.Rights, e store.Event) (u store.User, err error) {
	err = s.write(ctx, "set rights", func(tx *sql.Tx) error {
		var row userRow
		err := tx.QueryRowContext(ctx, updateRights, id, r.Generation, r.Roles, r.Claims, store.NextGeneration(e.At)).Scan(row.dest()...)
		if errors.Is(err, sql.ErrNoRows) {
			return rightsNotSet(ctx, tx, id, err)
		}
		if err != nil {
			return err
		}
		u = row.get()
		if err := publish(ctx, tx, store.Revocation{At: e.At, UserID: id, Rights: u.Rights.Generation}); err != nil {
			return err
		}
		return record(ctx, tx, e)
	})
	if err != nil {
		return store.User{}, err
	}
	return u, nil
}

// rightsNotSet returns [store.ErrConflict] if the user exists, so that the rights have changed
// meanwhile, and noRows if not.
func rightsNotSet(ctx context.Context, tx *sql.Tx, id uuid.UUID, noRows error) error {
	var exists bool
	if err := tx.QueryRowContext(ctx, userExists, id).Scan(&exists); err != nil {
		return err
	}
	if exists {
		return store.ErrConflict
	}
	return noRows
}

const raiseRights = `
UPDATE users SET rights_generation = MAX(?2 + 1, ?3)
WHERE id = ?1 AND rights_generation < ?2
RETURNING rights_generation`

const raiseClientRights = `
UPDATE clients SET generation = MAX(?2 + 1, ?3)
WHERE id = ?1 AND generation < ?2
RETURNING generation`

// RaiseRights implements [store.Store].
func (s *Store) RaiseRights(ctx context.Context, users map[uuid.UUID]int64, e store.Event) (raised int, err error) {
	err = s.write(ctx, "raise rights", func(tx *sql.Tx) error {
		raised = 0
		for id, least := range users {
			var generation int64
			err := tx.QueryRowContext(ctx, raiseRights, id, least, store.NextGeneration(e.At)).Scan(&generation)
			if errors.Is(err, sql.ErrNoRows) {
				err = tx.QueryRowContext(ctx, raiseClientRights, id, least, store.NextGeneration(e.At)).Scan(&generation)
			}
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err != nil {
				return err
			}
			raised++
			if err := publish(ctx, tx, store.Revocation{At: e.At, UserID: id, Rights: generation}); err != nil {
				return err
			}
			e.UserID = id
			if err := record(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return raised, nil
}
