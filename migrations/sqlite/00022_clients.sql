-- +goose Up
-- Service accounts.
CREATE TABLE clients (
    id          TEXT NOT NULL,
    name        TEXT NOT NULL,
    roles       TEXT NOT NULL DEFAULT '', -- sorted words between spaces
    claims      TEXT NOT NULL DEFAULT '', -- JSON object; empty for none
    generation  INTEGER NOT NULL, -- ends or outdates earlier tokens
    created_at  INTEGER NOT NULL,
    disabled_at INTEGER, -- NULL while it is enabled
    CONSTRAINT clients_pkey PRIMARY KEY (id),
    CONSTRAINT clients_name_key UNIQUE (name)
) STRICT;

CREATE TABLE client_secrets (
    id          TEXT NOT NULL,
    client_id   TEXT NOT NULL,
    secret_hash TEXT NOT NULL, -- hex SHA-256
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER, -- NULL for the newest one
    CONSTRAINT client_secrets_pkey PRIMARY KEY (id),
    CONSTRAINT client_secrets_secret_hash_key UNIQUE (secret_hash),
    CONSTRAINT client_secrets_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX client_secrets_client_id_idx ON client_secrets (client_id);
INSERT INTO schema_versions (version, min_version) VALUES (22, 5);

-- +goose Down
DELETE FROM schema_versions WHERE version = 22;
DROP TABLE client_secrets;
DROP TABLE clients;
