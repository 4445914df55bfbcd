package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const selectKeys = `
SELECT id, algorithm, state, public, sealed, sealed_by, created_at, activated_at, retired_at, verify_until
FROM signing_keys
ORDER BY created_at, id`

// SigningKeys implements [store.Store].
func (s *Store) SigningKeys(ctx context.Context) ([]store.SigningKey, error) {
	rows, err := s.pool.Query(ctx, selectKeys)
	if err != nil {
		return nil, translate("read signing keys", err)
	}
	keys, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (k store.SigningKey, err error) {
		var activated, retired, until *time.Time
		err = r.Scan(&k.ID, &k.Algorithm, &k.State, &k.Public, &k.Sealed, &k.SealedBy, &k.CreatedAt, &activated, &retired, &until)
		k.CreatedAt, k.ActivatedAt, k.RetiredAt, k.VerifyUntil = k.CreatedAt.UTC(), utc(activated), utc(retired), utc(until)
		return k, err
	})
	return keys, translate("read signing keys", err)
}

const insertKey = `
INSERT INTO signing_keys (id, algorithm, state, public, sealed, sealed_by, created_at, activated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

func insertKeyArgs(k store.SigningKey) []any {
	var activated *time.Time
	if !k.ActivatedAt.IsZero() {
		activated = &k.ActivatedAt
	}
	return []any{k.ID, k.Algorithm, string(k.State), k.Public, k.Sealed, k.SealedBy, k.CreatedAt, activated}
}

// changeKeys locks the keys and runs do. Then it appends to the feed and writes e.
func (s *Store) changeKeys(ctx context.Context, what string, e store.Event, do func(tx pgx.Tx) error) error {
	return translate(what, pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
		if err := do(tx); err != nil {
			return err
		}
		if err := publish(ctx, tx, store.Revocation{Keys: true, At: e.At}); err != nil {
			return err
		}
		return record(ctx, tx, e)
	}))
}

// changeOne runs a statement that must change one row.
func changeOne(ctx context.Context, tx pgx.Tx, query string, args ...any) error {
	tag, err := tx.Exec(ctx, query, args...)
	if err == nil && tag.RowsAffected() == 0 {
		err = pgx.ErrNoRows
	}
	return err
}

const deleteRetiredKey = `DELETE FROM signing_keys WHERE id = $1 AND state = 'retired'`

// AddSigningKey implements [store.Store].
func (s *Store) AddSigningKey(ctx context.Context, k store.SigningKey, e store.Event) error {
	return s.changeKeys(ctx, "add signing key", e, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, deleteRetiredKey, k.ID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, insertKey, insertKeyArgs(k)...)
		return err
	})
}

const retireActiveKey = `UPDATE signing_keys SET state = 'retired', retired_at = $1, verify_until = $2 WHERE state = 'active'`

const promoteKey = `UPDATE signing_keys SET state = 'active', activated_at = $2 WHERE id = $1 AND state = 'next'`

// PromoteSigningKey implements [store.Store].
func (s *Store) PromoteSigningKey(ctx context.Context, id string, verifyUntil time.Time, e store.Event) error {
	return s.changeKeys(ctx, "promote signing key", e, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, retireActiveKey, e.At, verifyUntil); err != nil {
			return err
		}
		return changeOne(ctx, tx, promoteKey, id, e.At)
	})
}

const retireNextKey = `UPDATE signing_keys SET state = 'retired', retired_at = $2, verify_until = $2 WHERE id = $1 AND state = 'next'`

// RetireSigningKey implements [store.Store].
func (s *Store) RetireSigningKey(ctx context.Context, id string, e store.Event) error {
	return s.changeKeys(ctx, "retire signing key", e, func(tx pgx.Tx) error {
		return changeOne(ctx, tx, retireNextKey, id, e.At)
	})
}

const deleteKey = `DELETE FROM signing_keys WHERE id = $1 AND state <> 'active'`

// RemoveSigningKey implements [store.Store].
func (s *Store) RemoveSigningKey(ctx context.Context, id string, e store.Event) error {
	return s.changeKeys(ctx, "remove signing key", e, func(tx pgx.Tx) error {
		return changeOne(ctx, tx, deleteKey, id)
	})
}

const deleteOtherKeys = `DELETE FROM signing_keys WHERE id <> $1`

const reactivateKey = `
UPDATE signing_keys SET state = 'active', activated_at = COALESCE(activated_at, $2), retired_at = NULL, verify_until = NULL
WHERE id = $1`

// BurnSigningKeys implements [store.Store].
func (s *Store) BurnSigningKeys(ctx context.Context, k store.SigningKey, e store.Event) (burned int, err error) {
	err = s.changeKeys(ctx, "burn signing keys", e, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, deleteOtherKeys, k.ID)
		if err != nil {
			return err
		}
		burned = int(tag.RowsAffected())
		if err := changeOne(ctx, tx, reactivateKey, k.ID, e.At); !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		k.State, k.ActivatedAt = store.KeyActive, e.At
		_, err = tx.Exec(ctx, insertKey, insertKeyArgs(k)...)
		return err
	})
	return burned, err
}

const resealKey = `UPDATE signing_keys SET sealed = $3, sealed_by = $4 WHERE id = $1 AND sealed_by = $2`

// ResealSigningKeys implements [store.Store].
func (s *Store) ResealSigningKeys(ctx context.Context, keys []store.ResealedKey, e store.Event) (resealed int, err error) {
	err = s.changeKeys(ctx, "reseal signing keys", e, func(tx pgx.Tx) error {
		for _, k := range keys {
			tag, err := tx.Exec(ctx, resealKey, k.ID, k.From, k.Sealed, k.SealedBy)
			if err != nil {
				return err
			}
			resealed += int(tag.RowsAffected())
		}
		return nil
	})
	return resealed, err
}

const deleteOldKeys = `DELETE FROM signing_keys WHERE state = 'retired' AND verify_until < $1`

// DeleteOldSigningKeys implements [store.Store].
func (s *Store) DeleteOldSigningKeys(ctx context.Context, before time.Time) error {
	_, err := s.pool.Exec(ctx, deleteOldKeys, before)
	return translate("delete old signing keys", err)
}
