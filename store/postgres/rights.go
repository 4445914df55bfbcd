package postgres

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const updateRights = `
UPDATE users AS u SET roles = $3, claims = $4, rights_generation = GREATEST(u.rights_generation + 1, $5)
WHERE u.id = $1 AND u.rights_generation = $2
RETURNING ` + userColumns

const userExists = `SELECT EXISTS (SELECT 1 FROM users WHERE id = $1)`

// SetRights implements [store.Store].
func (s *Store) SetRights(ctx context.Context, id uuid.UUID, r store.Rights, e store.Event) (u store.User, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var row userRow
		err := tx.QueryRow(ctx, updateRights, id, r.Generation, r.Roles, r.Claims, store.NextGeneration(e.At)).Scan(row.dest()...)
		if errors.Is(err, pgx.ErrNoRows) {
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
		return store.User{}, translate("set rights", err)
	}
	return u, nil
}

// rightsNotSet returns [store.ErrConflict] if the user exists, so that the rights have changed
// meanwhile, and noRows if not.
func rightsNotSet(ctx context.Context, tx pgx.Tx, id uuid.UUID, noRows error) error {
	var exists bool
	if err := tx.QueryRow(ctx, userExists, id).Scan(&exists); err != nil {
		return err
	}
	if exists {
		return store.ErrConflict
	}
	return noRows
}

// lockLowRights locks the users in order, as lockLowUsers does.
const lockLowRights = `
SELECT u.id
FROM unnest($1::uuid[], $2::bigint[]) AS least (id, generation) JOIN users u ON u.id = least.id
WHERE u.rights_generation < least.generation
ORDER BY u.id
FOR UPDATE OF u`

const raiseClientRights = `UPDATE clients SET generation = GREATEST(CAST($2 AS BIGINT) + 1, $3) WHERE id = $1 RETURNING generation`

const raiseRights = `UPDATE users SET rights_generation = GREATEST(CAST($2 AS BIGINT) + 1, $3) WHERE id = $1 RETURNING rights_generation`

// RaiseRights implements [store.Store].
func (s *Store) RaiseRights(ctx context.Context, users map[uuid.UUID]int64, e store.Event) (raised int, err error) {
	ids, generations := make([]uuid.UUID, 0, len(users)), make([]int64, 0, len(users))
	for id, generation := range users {
		ids, generations = append(ids, id), append(generations, generation)
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		raised = 0
		for _, of := range []struct{ lock, raise string }{{lockLowRights, raiseRights}, {lockLowClients, raiseClientRights}} {
			rows, err := tx.Query(ctx, of.lock, pgUUIDs(ids), generations)
			if err != nil {
				return err
			}
			low, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
			if err != nil {
				return err
			}
			for _, id := range low {
				var generation int64
				if err := tx.QueryRow(ctx, of.raise, id, users[id], store.NextGeneration(e.At)).Scan(&generation); err != nil {
					return err
				}
				if err := publish(ctx, tx, store.Revocation{At: e.At, UserID: id, Rights: generation}); err != nil {
					return err
				}
				e.UserID = id
				if err := record(ctx, tx, e); err != nil {
					return err
				}
			}
			raised += len(low)
		}
		return nil
	})
	if err != nil {
		return 0, translate("raise rights", err)
	}
	return raised, nil
}
