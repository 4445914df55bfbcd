package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// tokenGood is the condition under which the one-time token m of a user in the installation i is
// good at ?1.
const tokenGood = `m.used_at IS NULL AND m.expires_at > ?1 AND users.disabled_at IS NULL AND m.password_changed_at = users.password_changed_at
    AND m.installation_generation >= i.generation AND m.user_generation >= users.generation`

// insertToken inserts nothing when the user is NULL.
const insertToken = `
INSERT INTO mail_tokens (id, token_hash, purpose, user_id, email, email_folded, installation_generation, user_generation,
    password_changed_at, created_at, expires_at)
SELECT ?1, ?2, ?3, users.id, ?5, ?6, i.generation, users.generation, users.password_changed_at, ?7, ?8
FROM users, installation i
WHERE users.id = ?4`

// issued is a one-time token to insert.
type issued struct {
	id      uuid.UUID
	purpose store.MailPurpose
	userID  uuid.UUID     // zero for none: then nothing is inserted
	address store.Address // to verify; zero for a reset
	token   store.NewMailToken
}

// issueToken inserts a one-time token, within a transaction that has locked the user.
func issueToken(ctx context.Context, tx *sql.Tx, t issued, e store.Event) error {
	_, err := tx.ExecContext(ctx, insertToken, t.id, t.token.Hash, string(t.purpose), nullID(t.userID), t.address.Text, t.address.Folded, micros(e.At), micros(t.token.ExpiresAt))
	return err
}

const deleteMailTokens = `DELETE FROM mail_tokens WHERE user_id = ?1`

// dropTokens deletes a user's one-time tokens, within a transaction that has locked the user.
func dropTokens(ctx context.Context, tx *sql.Tx, userID uuid.UUID) error {
	_, err := tx.ExecContext(ctx, deleteMailTokens, userID)
	return err
}

const deleteResetTokens = `DELETE FROM mail_tokens WHERE user_id = ?1 AND purpose = 'reset'`

// IssueReset implements [store.Store].
func (s *Store) IssueReset(ctx context.Context, id, tokenID uuid.UUID, t store.NewMailToken, e store.Event) (store.User, error) {
	var row userRow
	err := s.write(ctx, "issue reset", func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, selectUserByID, id).Scan(row.dest()...); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, deleteResetTokens, id); err != nil {
			return err
		}
		if err := issueToken(ctx, tx, issued{id: tokenID, purpose: store.PurposeReset, userID: id, token: t}, e); err != nil {
			return err
		}
		return record(ctx, tx, e)
	})
	if err != nil {
		return store.User{}, err
	}
	return row.get(), nil
}

const selectMailToken = `
SELECT ` + userColumns + `, COALESCE(users.password_hash, ''), i.generation, users.generation, m.purpose, m.email, m.expires_at
FROM mail_tokens m JOIN users ON users.id = m.user_id, installation i
WHERE m.token_hash = ?2 AND ` + tokenGood

// MailToken implements [store.Store].
func (s *Store) MailToken(ctx context.Context, hash string, now time.Time) (store.MailToken, error) {
	var t store.MailToken
	var row userRow
	var expires int64
	c := &t.Credentials
	err := s.reader.QueryRowContext(ctx, selectMailToken, micros(now), hash).
		Scan(append(row.dest(), &c.PasswordHash, &c.Generation.Installation, &c.Generation.User, &t.Purpose, &t.Address, &expires)...)
	if err != nil {
		return store.MailToken{}, translate("read mail token", err)
	}
	c.User, t.ExpiresAt = row.get(), instant(expires)
	return t, nil
}

const selectTokenUser = `
SELECT ` + userColumns + ` FROM users
WHERE users.id = (SELECT user_id FROM mail_tokens WHERE token_hash = ?1)`

const selectResetGood = `
SELECT EXISTS (
    SELECT 1 FROM mail_tokens m JOIN users ON users.id = m.user_id, installation i
    WHERE m.token_hash = ?2 AND m.purpose = 'reset' AND ` + tokenGood + `
)`

// ResetPassword implements [store.Store].
func (s *Store) ResetPassword(ctx context.Context, tokenHash, passwordHash string, notice *store.NewMail, e store.Event) (u store.User, reset bool, err error) {
	err = s.write(ctx, "reset password", func(tx *sql.Tx) error {
		var row userRow
		err := tx.QueryRowContext(ctx, selectTokenUser, tokenHash).Scan(row.dest()...)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, selectResetGood, micros(e.At), tokenHash).Scan(&reset); err != nil || !reset {
			return err
		}
		var generation int64
		err = tx.QueryRowContext(ctx, updatePassword, row.user.ID, passwordHash, micros(e.At), store.NextGeneration(e.At)).
			Scan(append(row.dest(), &generation)...)
		if err != nil {
			return err
		}
		u = row.get()
		e.UserID = u.ID
		if err := publish(ctx, tx, store.Revocation{At: e.At, UserID: u.ID, Generation: generation}); err != nil {
			return err
		}
		if err := clearUser(ctx, tx, u, e); err != nil {
			return err
		}
		if err := endLinks(ctx, tx, u, e); err != nil {
			return err
		}
		if err := queueMail(ctx, tx, notice, ownerOf(u), e); err != nil {
			return err
		}
		return record(ctx, tx, e)
	})
	if err != nil {
		return store.User{}, false, err
	}
	return u, reset, nil
}

const deleteOldMailTokens = `
DELETE FROM mail_tokens
WHERE id IN (SELECT id FROM mail_tokens WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)`

// DeleteOldMailTokens implements [store.Store].
func (s *Store) DeleteOldMailTokens(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.exec(ctx, "delete old mail tokens", deleteOldMailTokens, micros(before), limit)
}
