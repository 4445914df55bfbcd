package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const changePassword = `
UPDATE users AS u SET password_hash = $2, password_changed_at = $3, failed_logins = 0, generation = GREATEST(u.generation + 1, $4)
FROM installation i
WHERE u.id = $1 AND u.password_hash = $5 AND u.disabled_at IS NULL AND u.password_disabled_at IS NULL AND i.generation = $6 AND u.generation = $7
RETURNING ` + userColumns + `, u.generation`

// keepSession raises a session that was alive until its user's generation was raised, and leaves no
// way from the token that it replaces to the new one.
const keepSession = `
UPDATE refresh_tokens t SET user_generation = $1, token_hash = $6, step = GREATEST(t.step + 1, $7), last_used_at = $5,
    expires_at = LEAST($8, t.absolute_expires_at), previous_hash = NULL, successor = NULL, rotated_at = NULL, replaced = ''
FROM installation i
WHERE t.id = $2 AND t.user_id = $3 AND t.user_generation >= $4 AND t.installation_generation >= i.generation AND t.expires_at > $5`

// errStale rolls a change back that came too late.
var errStale = errors.New("changed meanwhile")

// ChangePassword implements [store.Store].
func (s *Store) ChangePassword(ctx context.Context, c store.PasswordChange, e store.Event) (generation int64, changed bool, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var row userRow
		err := tx.QueryRow(ctx, changePassword, c.UserID, c.Hash, e.At, store.NextGeneration(e.At), c.PasswordHash,
			c.Generation.Installation, c.Generation.User).Scan(append(row.dest(), &generation)...)
		if errors.Is(err, pgx.ErrNoRows) {
			return errStale
		}
		if err != nil {
			return err
		}
		if c.Attempt != nil {
			if err := succeeded(ctx, tx, e.At, *c.Attempt, c.UserID); err != nil {
				return err
			}
		}
		if err := spareSession(ctx, tx, c, generation, e); err != nil {
			return err
		}
		if err := endLinks(ctx, tx, row.get(), e); err != nil {
			return err
		}
		if err := queueMail(ctx, tx, c.Notice, ownerOf(row.get()), e); err != nil {
			return err
		}
		e.UserID, e.SessionID = c.UserID, c.SessionID
		if err := record(ctx, tx, e); err != nil {
			return err
		}
		e.Action = store.ActionOthersRevoked
		return record(ctx, tx, e)
	})
	if errors.Is(err, errStale) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, translate("change password", err)
	}
	return generation, true, nil
}

// spareSession gives the session that asks the user's new generation, which ends all others.
func spareSession(ctx context.Context, tx pgx.Tx, c store.PasswordChange, generation int64, e store.Event) error {
	tag, err := tx.Exec(ctx, keepSession, generation, c.SessionID, c.UserID, c.Generation.User, e.At, c.TokenHash, c.Step, c.ExpiresAt)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return errStale
	}
	return publish(ctx, tx, store.Revocation{At: e.At, UserID: c.UserID, Generation: generation, Spared: c.SessionID})
}
