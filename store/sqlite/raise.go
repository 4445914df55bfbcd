package sqlite

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const raiseInstallation = `UPDATE installation SET generation = ?1 WHERE id = 1 AND generation < ?1`

const raiseUser = `UPDATE users SET generation = ?1 WHERE id = ?2 AND generation < ?1`

const raiseClient = `UPDATE clients SET generation = ?1 WHERE id = ?2 AND generation < ?1`

// RaiseGenerations implements [store.Store].
func (s *Store) RaiseGenerations(ctx context.Context, installation int64, users map[uuid.UUID]int64, e store.Event) (raised int, err error) {
	err = s.write(ctx, "raise generations", func(tx *sql.Tx) error {
		changed, err := tx.ExecContext(ctx, raiseInstallation, installation)
		if err == nil {
			err = announceRaise(ctx, tx, changed, uuid.Nil, installation, e, &raised)
		}
		for id, generation := range users {
			for _, raise := range []string{raiseUser, raiseClient} {
				if err != nil {
					return err
				}
				if changed, err = tx.ExecContext(ctx, raise, generation, id); err == nil {
					err = announceRaise(ctx, tx, changed, id, generation, e, &raised)
				}
			}
		}
		return err
	})
	return raised, err
}

// announceRaise publishes and audits a statement that raised a generation, and counts it.
func announceRaise(ctx context.Context, tx *sql.Tx, changed sql.Result, userID uuid.UUID, generation int64, e store.Event, raised *int) error {
	rows, err := changed.RowsAffected()
	if err != nil || rows == 0 {
		return err
	}
	*raised++
	if err := publish(ctx, tx, store.Revocation{At: e.At, UserID: userID, Generation: generation}); err != nil {
		return err
	}
	e.UserID = userID
	return record(ctx, tx, e)
}
