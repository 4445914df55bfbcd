package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

// tokenGood is the condition under which the one-time token m of a user u in the installation i is
// good at $1.
const tokenGood = `m.used_at IS NULL AND m.expires_at > $1 AND u.disabled_at IS NULL AND m.password_changed_at = u.password_changed_at
    AND m.installation_generation >= i.generation AND m.user_generation >= u.generation`

// insertToken inserts nothing when the user is NULL.
const insertToken = `
INSERT INTO mail_tokens (id, token_hash, purpose, user_id, email, email_folded, installation_generation, user_generation,
    password_changed_at, created_at, expires_at)
SELECT $1, $2, $3, u.id, $5, $6, i.generation, u.generation, u.password_changed_at, $7, $8
FROM users u, installation i
WHERE u.id = $4`

// issued is a one-time token to insert.
type issued struct {
	id      uuid.UUID
	purpose store.MailPurpose
	userID  uuid.UUID     // zero for none: then nothing is inserted
	address store.Address // to verify; zero for a reset
	token   store.NewMailToken
}

// issueToken inserts a one-time token, within a transaction that has locked the user.
func issueToken(ctx context.Context, tx pgx.Tx, t issued, e store.Event) error {
	_, err := tx.Exec(ctx, insertToken, t.id, t.token.Hash, string(t.purpose), nullID(t.userID), t.address.Text, t.address.Folded, e.At, t.token.ExpiresAt)
	return err
}

const deleteMailTokens = `DELETE FROM mail_tokens WHERE user_id = $1`

// dropTokens deletes a user's one-time tokens, within a transaction that has locked the user.
func dropTokens(ctx context.Context, tx pgx.Tx, userID uuid.UUID) error {
	_, err := tx.Exec(ctx, deleteMailTokens, userID)
	return err
}

const lockUser = `SELECT ` + userColumns + ` FROM users u WHERE u.id = $1 FOR NO KEY UPDATE`

const deleteResetTokens = `DELETE FROM mail_tokens WHERE user_id = $1 AND purpose = 'reset'`

// IssueReset implements [store.Store].
func (s *Store) IssueReset(ctx context.Context, id, tokenID uuid.UUID, t store.NewMailToken, e store.Event) (store.User, error) {
	var row userRow
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, lockUser, id).Scan(row.dest()...); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, deleteResetTokens, id); err != nil {
			return err
		}
		if err := issueToken(ctx, tx, issued{id: tokenID, purpose: store.PurposeReset, userID: id, token: t}, e); err != nil {
			return err
		}
		return record(ctx, tx, e)
	})
	if err != nil {
		return store.User{}, translate("issue reset", err)
	}
	return row.get(), nil
}

const selectMailToken = `
SELECT ` + userColumns + `, COALESCE(u.password_hash, ''), i.generation, u.generation, m.purpose, m.email, m.expires_at
FROM mail_tokens m JOIN users u ON u.id = m.user_id, installation i
WHERE m.token_hash = $2 AND ` + tokenGood

// MailToken implements [store.Store].
func (s *Store) MailToken(ctx context.Context, hash string, now time.Time) (store.MailToken, error) {
	var t store.MailToken
	var row userRow
	c := &t.Credentials
	err := s.pool.QueryRow(ctx, selectMailToken, now, hash).
		Scan(append(row.dest(), &c.PasswordHash, &c.Generation.Installation, &c.Generation.User, &t.Purpose, &t.Address, &t.ExpiresAt)...)
	if err != nil {
		return store.MailToken{}, translate("read mail token", err)
	}
	c.User, t.ExpiresAt = row.get(), t.ExpiresAt.UTC()
	return t, nil
}

// lockTokenUser locks a token's user before the token is judged, so that all statements lock in one
// order, and so that the next statement sees what others have changed meanwhile.
const lockTokenUser = `
SELECT ` + userColumns + ` FROM users u
WHERE u.id = (SELECT user_id FROM mail_tokens WHERE token_hash = $1)
FOR NO KEY UPDATE OF u`

const selectResetGood = `
SELECT EXISTS (
    SELECT 1 FROM mail_tokens m JOIN users u ON u.id = m.user_id, installation i
    WHERE m.token_hash = $2 AND m.purpose = 'reset' AND ` + tokenGood + `
)`

// ResetPassword implements [store.Store].
func (s *Store) ResetPassword(ctx context.Context, tokenHash, passwordHash string, notice *store.NewMail, e store.Event) (u store.User, reset bool, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var row userRow
		err := tx.QueryRow(ctx, lockTokenUser, tokenHash).Scan(row.dest()...)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, selectResetGood, e.At, tokenHash).Scan(&reset); err != nil || !reset {
			return err
		}
		var generation int64
		err = tx.QueryRow(ctx, updatePassword, row.user.ID, passwordHash, e.At, store.NextGeneration(e.At)).
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
		return store.User{}, false, translate("reset password", err)
	}
	return u, reset, nil
}

const deleteOldMailTokens = `
DELETE FROM mail_tokens
WHERE id IN (SELECT id FROM mail_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`

// DeleteOldMailTokens implements [store.Store].
func (s *Store) DeleteOldMailTokens(ctx context.Context, before time.Time, limit int) (int, error) {
	tag, err := s.pool.Exec(ctx, deleteOldMailTokens, before, limit)
	return int(tag.RowsAffected()), translate("delete old mail tokens", err)
}
