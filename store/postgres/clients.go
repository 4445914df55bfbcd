package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/authctl/authctl/store"
)

const clientColumns = `c.id, c.name, c.created_at, c.disabled_at, c.roles, c.claims, c.generation`

const secretColumns = `s.id, s.created_at, s.expires_at`

// clientRow scans clientColumns, and secretColumns of one secret.
type clientRow struct {
	client            store.Client
	secret            uuid.NullUUID // NULL when the client has none
	made              *time.Time
	disabled, expires pgtype.Timestamptz
}

func (r *clientRow) dest() []any {
	c := &r.client
	return append(make([]any, 0, columnsRead), (*[16]byte)(&c.ID), &c.Name, &c.CreatedAt, &r.disabled, &c.Rights.Roles, &c.Rights.Claims, &c.Rights.Generation,
		&r.secret, &r.made, &r.expires)
}

func (r *clientRow) get() store.Client {
	c := r.client
	c.CreatedAt, c.DisabledAt = c.CreatedAt.UTC(), r.disabled.Time.UTC()
	if r.secret.Valid {
		c.Secrets = []store.ClientSecret{{ID: r.secret.UUID, CreatedAt: r.made.UTC(), ExpiresAt: r.expires.Time.UTC()}}
	}
	return c
}

// collectClients returns the clients of rows that are ordered by client.
func collectClients(rows pgx.Rows) (clients []store.Client, err error) {
	defer rows.Close()
	for rows.Next() {
		var row clientRow
		if err := rows.Scan(row.dest()...); err != nil {
			return nil, err
		}
		c := row.get()
		if last := len(clients) - 1; last >= 0 && clients[last].ID == c.ID {
			clients[last].Secrets = append(clients[last].Secrets, c.Secrets...)
		} else {
			clients = append(clients, c)
		}
	}
	return clients, rows.Err()
}

const selectClients = `
SELECT ` + clientColumns + `, ` + secretColumns + `
FROM (SELECT id, name, created_at, disabled_at, roles, claims, generation FROM clients WHERE name > $1 ORDER BY name LIMIT $2) c
    LEFT JOIN client_secrets s ON s.client_id = c.id
ORDER BY c.name, s.expires_at IS NOT NULL, s.created_at DESC, s.id`

// Clients implements [store.Store].
func (s *Store) Clients(ctx context.Context, after string, limit int) ([]store.Client, error) {
	rows, err := s.pool.Query(ctx, selectClients, after, limit)
	if err != nil {
		return nil, translate("list clients", err)
	}
	clients, err := collectClients(rows)
	return clients, translate("list clients", err)
}

const selectClient = `
SELECT ` + clientColumns + `, ` + secretColumns + `
FROM clients c LEFT JOIN client_secrets s ON s.client_id = c.id
WHERE c.name = $1
ORDER BY s.expires_at IS NOT NULL, s.created_at DESC, s.id`

// Client implements [store.Store].
func (s *Store) Client(ctx context.Context, name string) (store.Client, error) {
	rows, err := s.pool.Query(ctx, selectClient, name)
	if err != nil {
		return store.Client{}, translate("read client", err)
	}
	clients, err := collectClients(rows)
	if err == nil && len(clients) == 0 {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return store.Client{}, translate("read client", err)
	}
	return clients[0], nil
}

const selectClientOfSecret = `
SELECT ` + clientColumns + `, ` + secretColumns + `, i.generation
FROM client_secrets s JOIN clients c ON c.id = s.client_id CROSS JOIN installation i
WHERE s.secret_hash = $1`

// ClientOfSecret implements [store.Store].
func (s *Store) ClientOfSecret(ctx context.Context, hash string) (c store.ClientCredentials, err error) {
	var row clientRow
	if err := s.pool.QueryRow(ctx, selectClientOfSecret, hash).Scan(append(row.dest(), &c.Installation)...); err != nil {
		return store.ClientCredentials{}, translate("read client", err)
	}
	c.Client = row.get()
	return c, nil
}

const selectClientByID = `
SELECT ` + clientColumns + `, ` + secretColumns + `
FROM clients c LEFT JOIN client_secrets s ON s.client_id = c.id
WHERE c.id = $1
ORDER BY s.expires_at IS NOT NULL, s.created_at DESC, s.id`

const selectInstallation = `SELECT generation FROM installation WHERE id = 1`

// ClientByID implements [store.Store].
func (s *Store) ClientByID(ctx context.Context, id uuid.UUID) (c store.ClientCredentials, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, selectInstallation).Scan(&c.Installation); err != nil {
			return err
		}
		c.Client, err = clientByID(ctx, tx, id)
		return err
	})
	if err != nil {
		return store.ClientCredentials{}, translate("read client", err)
	}
	return c, nil
}

func clientByID(ctx context.Context, tx pgx.Tx, id uuid.UUID) (store.Client, error) {
	rows, err := tx.Query(ctx, selectClientByID, pgUUID(id))
	if err != nil {
		return store.Client{}, err
	}
	clients, err := collectClients(rows)
	if err == nil && len(clients) == 0 {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return store.Client{}, err
	}
	return clients[0], nil
}
