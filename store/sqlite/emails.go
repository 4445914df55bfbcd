package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const selectUserByEmail = `SELECT ` + userColumns + ` FROM users WHERE users.email_folded = ?1 AND users.email_verified_at IS NOT NULL`

// UserByEmail implements [store.Store].
func (s *Store) UserByEmail(ctx context.Context, folded string) (store.User, error) {
	var row userRow
	if err := s.reader.QueryRowContext(ctx, selectUserByEmail, folded).Scan(row.dest()...); err != nil {
		return store.User{}, translate("read user", err)
	}
	return row.get(), nil
}

const updateEmail = `
UPDATE users SET email = NULLIF(?2, ''), email_folded = NULLIF(?3, ''), email_verified_at = ?4
WHERE users.id = ?1
RETURNING ` + userColumns

// SetEmail implements [store.Store].
func (s *Store) SetEmail(ctx context.Context, id uuid.UUID, a store.Address, notice *store.NewMail, e store.Event) (u store.User, err error) {
	err = s.write(ctx, "set address", func(tx *sql.Tx) error {
		var before, after userRow
		if err := tx.QueryRowContext(ctx, selectUserByID, id).Scan(before.dest()...); err != nil {
			return err
		}
		if err := refuseTaken(ctx, tx, a, id); err != nil {
			return err
		}
		verified := sql.NullInt64{Int64: micros(e.At), Valid: a.Verified}
		if err := tx.QueryRowContext(ctx, updateEmail, id, a.Text, a.Folded, verified).Scan(after.dest()...); err != nil {
			return err
		}
		u = after.get()
		if err := endLinks(ctx, tx, u, e); err != nil {
			return err
		}
		if err := queueMail(ctx, tx, notice, formerOwner(before.get(), a), e); err != nil {
			return err
		}
		return record(ctx, tx, e)
	})
	if err != nil {
		return store.User{}, err
	}
	return u, nil
}

const selectEmailTaken = `SELECT EXISTS (SELECT 1 FROM users WHERE email_folded = ?1 AND email_verified_at IS NOT NULL AND id <> ?2)`

// refuseTaken returns errEmailTaken when a is verified and another user has verified it, too.
func refuseTaken(ctx context.Context, tx *sql.Tx, a store.Address, id uuid.UUID) error {
	if !a.Verified {
		return nil
	}
	var taken bool
	if err := tx.QueryRowContext(ctx, selectEmailTaken, a.Folded, id).Scan(&taken); err != nil || !taken {
		return err
	}
	return errEmailTaken
}

// formerOwner returns a user at the verified address that a replaces. Nobody gets mail when it is
// the same.
func formerOwner(before store.User, a store.Address) recipient {
	to := ownerOf(before)
	if foldAddress(to.address) == a.Folded {
		return recipient{}
	}
	to.detail = a.Text
	return to
}

const selectPendingEmail = `
SELECT email, email_folded FROM (
    SELECT * FROM (SELECT m.email, m.email_folded, 1 AS choice
    FROM mail_tokens m JOIN users ON users.id = m.user_id, installation i
    WHERE m.user_id = ?2 AND m.purpose = 'verify' AND ` + tokenGood + `
    ORDER BY m.created_at DESC, m.id DESC
    LIMIT 1)
    UNION ALL
    SELECT email, email_folded, 2 FROM users WHERE id = ?2 AND email IS NOT NULL AND email_verified_at IS NULL
)
ORDER BY choice
LIMIT 1`

// PendingEmail implements [store.Store].
func (s *Store) PendingEmail(ctx context.Context, id uuid.UUID, now time.Time) (a store.Address, err error) {
	err = s.reader.QueryRowContext(ctx, selectPendingEmail, micros(now), id).Scan(&a.Text, &a.Folded)
	return a, translate("read pending address", err)
}
