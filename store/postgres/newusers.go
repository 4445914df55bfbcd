package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const insertUser = `
INSERT INTO users AS u (id, username, username_folded, password_hash, created_at, password_changed_at,
    email, email_folded, email_verified_at, locale, roles, claims)
VALUES ($1, $2, $3, NULLIF($4, ''), $5, $5, NULLIF($6, ''), NULLIF($7, ''), $8, $9, $10, $11)
RETURNING ` + userColumns

// CreateUser implements [store.Store].
func (s *Store) CreateUser(ctx context.Context, u store.NewUser, e store.Event) (store.User, error) {
	var row userRow
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, insertUser, u.ID, u.Username, u.Folded, u.PasswordHash, u.CreatedAt,
			u.Email.Text, u.Email.Folded, nullTime(verifiedAt(u)), u.Locale, u.Rights.Roles, u.Rights.Claims).Scan(row.dest()...)
		if err != nil {
			return err
		}
		if err := recordUnlessReleased(ctx, tx, u, e); err != nil {
			return err
		}
		return verifyNew(ctx, tx, u, e)
	})
	if err != nil {
		return store.User{}, translate("create user", err)
	}
	return row.get(), nil
}

// verifyNew asks for the mail that verifies the address of a new user, if it is wanted.
func verifyNew(ctx context.Context, tx pgx.Tx, u store.NewUser, e store.Event) error {
	if u.Verification == nil {
		return nil
	}
	r := *u.Verification
	r.UserID, r.Address = u.ID, u.Email
	_, err := requestVerification(ctx, tx, r, e)
	return err
}

// verifiedAt returns when the address of a new user was verified, zero if it was not.
func verifiedAt(u store.NewUser) time.Time {
	if u.Email.Verified {
		return u.CreatedAt
	}
	return time.Time{}
}
