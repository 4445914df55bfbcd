package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/authctl/authctl/store"
)

const insertUser = `
INSERT INTO users (id, username, username_folded, password_hash, created_at, password_changed_at,
    email, email_folded, email_verified_at, locale, roles, claims)
VALUES (?1, ?2, ?3, NULLIF(?4, ''), ?5, ?5, NULLIF(?6, ''), NULLIF(?7, ''), ?8, ?9, ?10, ?11)
RETURNING ` + userColumns

// CreateUser implements [store.Store].
func (s *Store) CreateUser(ctx context.Context, u store.NewUser, e store.Event) (store.User, error) {
	return share(ctx, s, &change{op: "create user"}, func(ctx context.Context, tx *sql.Tx) (store.User, error) {
		var row userRow
		err := tx.QueryRowContext(ctx, insertUser, u.ID, u.Username, u.Folded, u.PasswordHash, micros(u.CreatedAt),
			u.Email.Text, u.Email.Folded, nullTime(verifiedAt(u)), u.Locale, u.Rights.Roles, u.Rights.Claims).Scan(row.dest()...)
		if err != nil {
			return store.User{}, whatIsTaken(ctx, tx, u, err)
		}
		if err := recordUnlessReleased(ctx, tx, u, e); err != nil {
			return store.User{}, err
		}
		return row.get(), verifyNew(ctx, tx, u, e)
	})
}

const nameIsTaken = `SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1 OR username_folded = ?2)`

// whatIsTaken returns the error of an insertion, or errEmailTaken if only the address is taken.
func whatIsTaken(ctx context.Context, tx *sql.Tx, u store.NewUser, err error) error {
	if !u.Email.Verified || !errors.Is(sentinelOf(err), store.ErrConflict) {
		return err
	}
	var name bool
	if err := tx.QueryRowContext(ctx, nameIsTaken, u.ID, u.Folded).Scan(&name); err != nil {
		return err
	}
	if name {
		return err
	}
	return errEmailTaken
}

// verifyNew asks for the mail that verifies the address of a new user, if it is wanted.
func verifyNew(ctx context.Context, tx *sql.Tx, u store.NewUser, e store.Event) error {
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
