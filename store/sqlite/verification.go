package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// selectVerification returns a token's address, and whether the token is good, whether it was used,
// and whether another user has verified the address.
const selectVerification = `
SELECT m.email, m.email_folded, ` + tokenGood + `, m.used_at IS NOT NULL,
    EXISTS (SELECT 1 FROM users o WHERE o.email_folded = m.email_folded AND o.email_verified_at IS NOT NULL AND o.id <> users.id)
FROM mail_tokens m JOIN users ON users.id = m.user_id, installation i
WHERE m.token_hash = ?2 AND m.purpose = 'verify'`

// VerifyEmail implements [store.Store].
func (s *Store) VerifyEmail(ctx context.Context, tokenHash string, notice *store.NewMail, e store.Event) (v store.Verification, err error) {
	err = s.write(ctx, "verify address", func(tx *sql.Tx) error {
		v = store.Verification{Outcome: store.VerifyDead}
		before, err := maybeUser(tx.QueryRowContext(ctx, selectTokenUser, tokenHash))
		if err != nil || before.ID == uuid.Nil {
			return err
		}
		a := store.Address{Verified: true}
		var good, used, taken bool
		err = tx.QueryRowContext(ctx, selectVerification, micros(e.At), tokenHash).Scan(&a.Text, &a.Folded, &good, &used, &taken)
		switch has := foldAddress(ownerOf(before).address) == a.Folded; {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return err
		case !good && used && has:
			v = store.Verification{Outcome: store.VerifiedAlready, User: before}
			return nil
		case !good:
			return nil
		case taken:
			v = store.Verification{Outcome: store.VerifyTaken, User: before}
			return nil
		}
		e.UserID = before.ID
		v.Outcome = store.Verified
		v.User, err = verifyEmail(ctx, tx, before, a, notice, e)
		return err
	})
	if err != nil {
		return store.Verification{}, err
	}
	return v, nil
}

const (
	useVerifications  = `UPDATE mail_tokens SET used_at = ?1 WHERE user_id = ?2 AND purpose = 'verify' AND email_folded = ?3 AND used_at IS NULL`
	dropVerifications = `DELETE FROM mail_tokens WHERE user_id = ?1 AND email_folded <> ?2 AND (purpose = 'verify' OR ?3)`
)

// verifyEmail makes an address the verified one of a user, within a transaction. All tokens for that address are used up with the one that was presented, so that the link in
// an older mail finds the address verified.
func verifyEmail(ctx context.Context, tx *sql.Tx, before store.User, a store.Address, notice *store.NewMail, e store.Event) (store.User, error) {
	var row userRow
	if err := tx.QueryRowContext(ctx, updateEmail, before.ID, a.Text, a.Folded, micros(e.At)).Scan(row.dest()...); err != nil {
		return store.User{}, err
	}
	if _, err := tx.ExecContext(ctx, useVerifications, micros(e.At), before.ID, a.Folded); err != nil {
		return store.User{}, err
	}
	to := formerOwner(before, a)
	if _, err := tx.ExecContext(ctx, dropVerifications, before.ID, a.Folded, to.address != ""); err != nil {
		return store.User{}, err
	}
	if err := queueMail(ctx, tx, notice, to, e); err != nil {
		return store.User{}, err
	}
	return row.get(), record(ctx, tx, e)
}
