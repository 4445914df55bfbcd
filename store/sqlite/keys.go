package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/authctl/authctl/store"
)

const selectKeys = `
SELECT id, algorithm, state, public, sealed, sealed_by, created_at, activated_at, retired_at, verify_until
FROM signing_keys
ORDER BY created_at, id`

// SigningKeys implements [store.Store].
func (s *Store) SigningKeys(ctx context.Context) ([]store.SigningKey, error) {
	rows, err := s.reader.QueryContext(ctx, selectKeys)
	if err != nil {
		return nil, translate("read signing keys", err)
	}
	defer rows.Close()
	var keys []store.SigningKey
	for rows.Next() {
		var k store.SigningKey
		var created int64
		var activated, retired, until sql.NullInt64
		if err := rows.Scan(&k.ID, &k.Algorithm, &k.State, &k.Public, &k.Sealed, &k.SealedBy, &created, &activated, &retired, &until); err != nil {
			return nil, translate("read signing keys", err)
		}
		k.CreatedAt, k.ActivatedAt, k.RetiredAt, k.VerifyUntil = instant(created), utc(activated), utc(retired), utc(until)
		keys = append(keys, k)
	}
	return keys, translate("read signing keys", rows.Err())
}

const insertKey = `
INSERT INTO signing_keys (id, algorithm, state, public, sealed, sealed_by, created_at, activated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`

func insertKeyArgs(k store.SigningKey) []any {
	var activated any
	if !k.ActivatedAt.IsZero() {
		activated = micros(k.ActivatedAt)
	}
	return []any{k.ID, k.Algorithm, string(k.State), k.Public, k.Sealed, k.SealedBy, micros(k.CreatedAt), activated}
}

// changeKeys runs do. Then it appends to the feed and writes e.
func (s *Store) changeKeys(ctx context.Context, what string, e store.Event, do func(tx *sql.Tx) error) error {
	return s.write(ctx, what, func(tx *sql.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		if err := publish(ctx, tx, store.Revocation{Keys: true, At: e.At}); err != nil {
			return err
		}
		return record(ctx, tx, e)
	})
}

// changed runs a statement and returns how many rows it changed.
func changed(ctx context.Context, tx *sql.Tx, query string, args ...any) (int, error) {
	result, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// changeOne runs a statement that must change one row.
func changeOne(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	n, err := changed(ctx, tx, query, args...)
	if err == nil && n == 0 {
		err = sql.ErrNoRows
	}
	return err
}

const deleteRetiredKey = `DELETE FROM signing_keys WHERE id = ?1 AND state = 'retired'`

// AddSigningKey implements [store.Store].
func (s *Store) AddSigningKey(ctx context.Context, k store.SigningKey, e store.Event) error {
	return s.changeKeys(ctx, "add signing key", e, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, deleteRetiredKey, k.ID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, insertKey, insertKeyArgs(k)...)
		return err
	})
}

const retireActiveKey = `UPDATE signing_keys SET state = 'retired', retired_at = ?1, verify_until = ?2 WHERE state = 'active'`

const promoteKey = `UPDATE signing_keys SET state = 'active', activated_at = ?2 WHERE id = ?1 AND state = 'next'`

// PromoteSigningKey implements [store.Store].
func (s *Store) PromoteSigningKey(ctx context.Context, id string, verifyUntil time.Time, e store.Event) error {
	return s.changeKeys(ctx, "promote signing key", e, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, retireActiveKey, micros(e.At), micros(verifyUntil)); err != nil {
			return err
		}
		return changeOne(ctx, tx, promoteKey, id, micros(e.At))
	})
}

const retireNextKey = `UPDATE signing_keys SET state = 'retired', retired_at = ?2, verify_until = ?2 WHERE id = ?1 AND state = 'next'`

// RetireSigningKey implements [store.Store].
func (s *Store) RetireSigningKey(ctx context.Context, id string, e store.Event) error {
	return s.changeKeys(ctx, "retire signing key", e, func(tx *sql.Tx) error {
		return changeOne(ctx, tx, retireNextKey, id, micros(e.At))
	})
}

const deleteKey = `DELETE FROM signing_keys WHERE id = ?1 AND state <> 'active'`

// RemoveSigningKey implements [store.Store].
func (s *Store) RemoveSigningKey(ctx context.Context, id string, e store.Event) error {
	return s.changeKeys(ctx, "remove signing key", e, func(tx *sql.Tx) error {
		return changeOne(ctx, tx, deleteKey, id)
	})
}

const deleteOtherKeys = `DELETE FROM signing_keys WHERE id <> ?1`

const reactivateKey = `
UPDATE signing_keys SET state = 'active', activated_at = COALESCE(activated_at, ?2), retired_at = NULL, verify_until = NULL
WHERE id = ?1`

// BurnSigningKeys implements [store.Store].
func (s *Store) BurnSigningKeys(ctx context.Context, k store.SigningKey, e store.Event) (burned int, err error) {
	err = s.changeKeys(ctx, "burn signing keys", e, func(tx *sql.Tx) error {
		var err error
		if burned, err = changed(ctx, tx, deleteOtherKeys, k.ID); err != nil {
			return err
		}
		if err := changeOne(ctx, tx, reactivateKey, k.ID, micros(e.At)); !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		k.State, k.ActivatedAt = store.KeyActive, e.At
		_, err = tx.ExecContext(ctx, insertKey, insertKeyArgs(k)...)
		return err
	})
	return burned, err
}

const resealKey = `UPDATE signing_keys SET sealed = ?3, sealed_by = ?4 WHERE id = ?1 AND sealed_by = ?2`

// ResealSigningKeys implements [store.Store].
func (s *Store) ResealSigningKeys(ctx context.Context, keys []store.ResealedKey, e store.Event) (resealed int, err error) {
	err = s.changeKeys(ctx, "reseal signing keys", e, func(tx *sql.Tx) error {
		for _, k := range keys {
			n, err := changed(ctx, tx, resealKey, k.ID, k.From, k.Sealed, k.SealedBy)
			if err != nil {
				return err
			}
			resealed += n
		}
		return nil
	})
	return resealed, err
}

const deleteOldKeys = `DELETE FROM signing_keys WHERE state = 'retired' AND verify_until < ?1`

// DeleteOldSigningKeys implements [store.Store].
func (s *Store) DeleteOldSigningKeys(ctx context.Context, before time.Time) error {
	_, err := s.exec(ctx, "delete old signing keys", deleteOldKeys, micros(before))
	return err
}
