package postgres

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

// clientChange is a change to one client.
type clientChange struct {
	op    string // names the change in errors
	query string // returns the generation
	args  []any
	also  func(context.Context, pgx.Tx) error            // runs in the same transaction; nil for nothing
	entry func(id uuid.UUID, gen int64) store.Revocation // is published, without the instant; nil for none
}

func clientEnds(id uuid.UUID, gen int64) store.Revocation {
	return store.Revocation{UserID: id, Generation: gen}
}

func clientOutdated(id uuid.UUID, gen int64) store.Revocation {
	return store.Revocation{UserID: id, Rights: gen}
}

// changeClient carries out a change and writes its event, in one transaction. It returns the client
// as it is then, or as it was for a deletion.
func (s *Store) changeClient(ctx context.Context, id uuid.UUID, change clientChange, e store.Event) (c store.Client, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var generation int64
		if err := tx.QueryRow(ctx, change.query, change.args...).Scan(&generation); err != nil {
			return err
		}
		if change.also != nil {
			if err := change.also(ctx, tx); err != nil {
				return err
			}
		}
		if change.entry != nil {
			r := change.entry(id, generation)
			r.At = e.At
			if err := publish(ctx, tx, r); err != nil {
				return err
			}
		}
		if err := record(ctx, tx, e); err != nil {
			return err
		}
		if c, err = clientByID(ctx, tx, id); change.query == deleteClient && errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return store.Client{}, translate(change.op, err)
	}
	return c, nil
}

const insertClient = `
INSERT INTO clients (id, name, roles, claims, generation, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING generation`

// CreateClient implements [store.Store].
func (s *Store) CreateClient(ctx context.Context, c store.NewClient, e store.Event) (store.Client, error) {
	return s.changeClient(ctx, c.ID, clientChange{
		op: "create client", query: insertClient,
		args: []any{c.ID, c.Name, c.Rights.Roles, c.Rights.Claims, store.NextGeneration(e.At), e.At},
		also: func(ctx context.Context, tx pgx.Tx) error { return addSecret(ctx, tx, c.ID, c.Secret, e) },
	}, e)
}

const insertSecret = `INSERT INTO client_secrets (id, client_id, secret_hash, created_at) VALUES ($1, $2, $3, $4)`

func addSecret(ctx context.Context, tx pgx.Tx, client uuid.UUID, n store.NewSecret, e store.Event) error {
	_, err := tx.Exec(ctx, insertSecret, n.ID, client, n.Hash, e.At)
	return err
}

// lockClient raises the generation if the rotation ends tokens. It locks the client's row in any case.
const lockClient = `
UPDATE clients SET generation = CASE WHEN $2 THEN GREATEST(generation + 1, $3) ELSE generation END
WHERE id = $1
RETURNING generation`

const selectNewestSecret = `SELECT id FROM client_secrets WHERE client_id = $1 AND expires_at IS NULL`

const deleteSecrets = `DELETE FROM client_secrets WHERE client_id = $1 AND (expires_at IS NOT NULL OR $2)`

const updateSecret = `UPDATE client_secrets SET expires_at = $2 WHERE client_id = $1`

// RotateSecret implements [store.Store].
func (s *Store) RotateSecret(ctx context.Context, id uuid.UUID, r store.SecretRotation, e store.Event) (store.Client, error) {
	change := clientChange{op: "rotate secret", query: lockClient, args: []any{id, r.EndsTokens, store.NextGeneration(e.At)}}
	if r.EndsTokens {
		change.entry = clientEnds
	}
	change.also = func(ctx context.Context, tx pgx.Tx) error {
		var newest uuid.UUID
		if err := tx.QueryRow(ctx, selectNewestSecret, id).Scan(&newest); err != nil {
			return err
		}
		if newest != r.After {
			return store.ErrConflict
		}
		if _, err := tx.Exec(ctx, deleteSecrets, id, !r.Until.After(e.At)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, updateSecret, id, r.Until); err != nil {
			return err
		}
		return addSecret(ctx, tx, id, r.Secret, e)
	}
	return s.changeClient(ctx, id, change, e)
}

const updateClientRights = `
UPDATE clients SET roles = $3, claims = $4, generation = GREATEST(generation + 1, $5)
WHERE id = $1 AND generation = $2
RETURNING generation`

const clientExists = `SELECT EXISTS (SELECT 1 FROM clients WHERE id = $1)`

// SetClientRights implements [store.Store].
func (s *Store) SetClientRights(ctx context.Context, id uuid.UUID, r store.Rights, e store.Event) (store.Client, error) {
	c, err := s.changeClient(ctx, id, clientChange{
		op: "set rights", query: updateClientRights,
		args:  []any{id, r.Generation, r.Roles, r.Claims, store.NextGeneration(e.At)},
		entry: clientOutdated,
	}, e)
	if !errors.Is(err, store.ErrNotFound) {
		return c, err
	}
	var exists bool
	if err := s.pool.QueryRow(ctx, clientExists, id).Scan(&exists); err != nil {
		return store.Client{}, translate("set rights", err)
	}
	if exists {
		return store.Client{}, translate("set rights", store.ErrConflict)
	}
	return store.Client{}, err
}

const updateClientDisabled = `
UPDATE clients SET disabled_at = COALESCE(disabled_at, $2), generation = GREATEST(generation + 1, $3)
WHERE id = $1
RETURNING generation`

// DisableClient implements [store.Store].
func (s *Store) DisableClient(ctx context.Context, id uuid.UUID, e store.Event) (store.Client, error) {
	return s.changeClient(ctx, id, clientChange{
		op: "disable client", query: updateClientDisabled, args: []any{id, e.At, store.NextGeneration(e.At)}, entry: clientEnds,
	}, e)
}

const updateClientEnabled = `UPDATE clients SET disabled_at = NULL WHERE id = $1 RETURNING generation`

// EnableClient implements [store.Store].
func (s *Store) EnableClient(ctx context.Context, id uuid.UUID, e store.Event) (store.Client, error) {
	return s.changeClient(ctx, id, clientChange{op: "enable client", query: updateClientEnabled, args: []any{id}}, e)
}

const deleteClient = `DELETE FROM clients WHERE id = $1 RETURNING GREATEST(generation + 1, $2)`

// DeleteClient implements [store.Store].
func (s *Store) DeleteClient(ctx context.Context, id uuid.UUID, e store.Event) error {
	_, err := s.changeClient(ctx, id, clientChange{
		op: "delete client", query: deleteClient, args: []any{id, store.NextGeneration(e.At)}, entry: clientEnds,
	}, e)
	return err
}
