package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const raiseInstallation = `UPDATE installation SET generation = $1 WHERE id = 1 AND generation < $1`

// lockLowUsers locks the users in order, so that servers that raise at the same time do not
// deadlock.
const lockLowUsers = `
SELECT u.id
FROM unnest($1::uuid[], $2::bigint[]) AS least (id, generation) JOIN users u ON u.id = least.id
WHERE u.generation < least.generation
ORDER BY u.id
FOR UPDATE OF u`

// lockLowClients is lockLowUsers for service accounts.
const lockLowClients = `
SELECT c.id
FROM unnest($1::uuid[], $2::bigint[]) AS least (id, generation) JOIN clients c ON c.id = least.id
WHERE c.generation < least.generation
ORDER BY c.id
FOR UPDATE OF c`

const raiseClient = `UPDATE clients SET generation = $1 WHERE id = $2`

const raiseUser = `UPDATE users SET generation = $1 WHERE id = $2`

// RaiseGenerations implements [store.Store].
func (s *Store) RaiseGenerations(ctx context.Context, installation int64, users map[uuid.UUID]int64, e store.Event) (raised int, err error) {
	ids, generations := make([]uuid.UUID, 0, len(users)), make([]int64, 0, len(users))
	for id, generation := range users {
		ids, generations = append(ids, id), append(generations, generation)
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		raised = 0
		tag, err := tx.Exec(ctx, raiseInstallation, installation)
		if err != nil {
			return err
		}
		if tag.RowsAffected() > 0 {
			raised++
			if err := announceRaise(ctx, tx, uuid.Nil, installation, e); err != nil {
				return err
			}
		}
		for _, of := range []struct{ lock, raise string }{{lockLowUsers, raiseUser}, {lockLowClients, raiseClient}} {
			rows, err := tx.Query(ctx, of.lock, pgUUIDs(ids), generations)
			if err != nil {
				return err
			}
			low, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
			if err != nil {
				return err
			}
			for _, id := range low {
				if _, err := tx.Exec(ctx, of.raise, users[id], id); err != nil {
					return err
				}
				if err := announceRaise(ctx, tx, id, users[id], e); err != nil {
					return err
				}
			}
			raised += len(low)
		}
		return nil
	})
	return raised, translate("raise generations", err)
}

func announceRaise(ctx context.Context, tx pgx.Tx, userID uuid.UUID, generation int64, e store.Event) error {
	if err := publish(ctx, tx, store.Revocation{At: e.At, UserID: userID, Generation: generation}); err != nil {
		return err
	}
	e.UserID = userID
	return record(ctx, tx, e)
}
