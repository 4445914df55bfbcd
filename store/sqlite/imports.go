package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const insertImported = `
INSERT INTO users (id, username, username_folded, password_hash, created_at, disabled_at, password_changed_at, password_disabled_at, generation,
    email, email_folded, email_verified_at, locale, roles, claims, rights_generation)
VALUES (?1, ?2, ?3, NULLIF(?4, ''), ?5, ?6, ?7, ?8, ?9, NULLIF(?10, ''), NULLIF(?11, ''), ?12, ?13, ?14, ?15, ?9)
ON CONFLICT DO NOTHING`

const fillPassword = `
UPDATE users
SET password_hash = ?3, password_changed_at = ?4, password_disabled_at = COALESCE(password_disabled_at, ?5)
WHERE id = ?1 AND username_folded = ?2 AND password_hash IS NULL AND ?3 <> ''`

// selectThere returns whether a user exists already: 1 is [store.There], 4 is [store.Bare].
const selectThere = `
SELECT CASE WHEN password_hash IS NULL THEN 4 ELSE 1 END
FROM users
WHERE id = ?1 AND username_folded = ?2`

// ImportUsers implements [store.Store].
func (s *Store) ImportUsers(ctx context.Context, users []store.ImportedUser, e store.Event) (outcomes []store.ImportOutcome, err error) {
	err = s.write(ctx, "import users", func(tx *sql.Tx) error {
		outcomes = make([]store.ImportOutcome, len(users))
		insert, err := tx.PrepareContext(ctx, insertImported)
		if err != nil {
			return err
		}
		defer insert.Close()
		audit, err := tx.PrepareContext(ctx, insertEvent)
		if err != nil {
			return err
		}
		defer audit.Close()
		for i, u := range users {
			if outcomes[i], err = importUser(ctx, tx, insert, audit, u, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return outcomes, nil
}

func importUser(ctx context.Context, tx *sql.Tx, insert, audit *sql.Stmt, u store.ImportedUser, e store.Event) (store.ImportOutcome, error) {
	e.UserID = u.ID
	added, err := changesRow(insert.ExecContext(ctx, u.ID, u.Username, u.Folded, u.PasswordHash, micros(u.CreatedAt), nullable(u.DisabledAt),
		micros(u.PasswordChangedAt), nullable(u.PasswordDisabledAt), store.NextGeneration(e.At),
		u.Email.Text, u.Email.Folded, nullable(importedVerifiedAt(u)), u.Locale, u.Rights.Roles, u.Rights.Claims))
	if err != nil {
		return 0, err
	}
	if added {
		_, err = audit.ExecContext(ctx, eventArgs(e)...)
		return store.Imported, err
	}
	filled, err := changesRow(tx.ExecContext(ctx, fillPassword, u.ID, u.Folded, u.PasswordHash, micros(u.PasswordChangedAt), nullable(u.PasswordDisabledAt)))
	if err != nil {
		return 0, err
	}
	if filled {
		e.Action = store.ActionPasswordImported
		_, err = audit.ExecContext(ctx, eventArgs(e)...)
		return store.Filled, err
	}
	outcome := store.Taken
	err = tx.QueryRowContext(ctx, selectThere, u.ID, u.Folded).Scan(&outcome)
	if !errors.Is(err, sql.ErrNoRows) {
		return outcome, err
	}
	var name bool
	if err := tx.QueryRowContext(ctx, nameIsTaken, u.ID, u.Folded).Scan(&name); err != nil {
		return 0, err
	}
	if !name {
		return store.EmailTaken, nil
	}
	return store.Taken, nil
}

// importedVerifiedAt returns when the address of an imported user was verified, zero if it was not.
func importedVerifiedAt(u store.ImportedUser) time.Time {
	at := verifiedAt(u.NewUser)
	if !at.IsZero() && !u.EmailVerifiedAt.IsZero() {
		at = u.EmailVerifiedAt
	}
	return at
}

// nullable is NULL for a zero time.
func nullable(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return micros(t)
}

// changesRow reports whether a statement changed a row.
func changesRow(done sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n > 0, err
}

const selectCredentialsPage = `
SELECT ` + userColumns + `, COALESCE(users.password_hash, ''), i.generation, users.generation
FROM users, installation i
WHERE users.id > ?1
ORDER BY users.id
LIMIT ?2`

// CredentialsPage implements [store.Store].
func (s *Store) CredentialsPage(ctx context.Context, after uuid.UUID, limit int) ([]store.Credentials, error) {
	rows, err := s.reader.QueryContext(ctx, selectCredentialsPage, after, limit)
	if err != nil {
		return nil, translate("read credentials", err)
	}
	defer rows.Close()
	var page []store.Credentials
	for rows.Next() {
		var c store.Credentials
		var row userRow
		if err := rows.Scan(append(row.dest(), &c.PasswordHash, &c.Generation.Installation, &c.Generation.User)...); err != nil {
			return nil, translate("read credentials", err)
		}
		c.User = row.get()
		page = append(page, c)
	}
	return page, translate("read credentials", rows.Err())
}
