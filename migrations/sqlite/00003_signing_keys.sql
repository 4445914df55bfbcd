-- +goose Up
-- The keys of the access tokens.
CREATE TABLE signing_keys (
    id           TEXT    NOT NULL, -- kid
    algorithm    TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    public       BLOB,             -- PKIX, DER; NULL for a symmetric key
    sealed       BLOB,             -- the private part, encrypted; NULL for a key that is in the configuration
    sealed_by    TEXT    NOT NULL, -- which secret opens it
    created_at   INTEGER NOT NULL,
    activated_at INTEGER,
    retired_at   INTEGER,
    verify_until INTEGER,          -- when the last token that it signed is dead
    CONSTRAINT signing_keys_pkey PRIMARY KEY (id),
    CONSTRAINT signing_keys_state CHECK (state IN ('next', 'active', 'retired'))
) STRICT;
CREATE UNIQUE INDEX signing_keys_one_next ON signing_keys (state) WHERE state = 'next';
CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys (state) WHERE state = 'active';

ALTER TABLE revocations ADD COLUMN keys INTEGER NOT NULL DEFAULT 0; -- the signing keys have changed
ALTER TABLE nodes ADD COLUMN keys TEXT NOT NULL DEFAULT ''; -- ids of those that it can sign with

-- +goose Down
ALTER TABLE nodes DROP COLUMN keys;
ALTER TABLE revocations DROP COLUMN keys;
DROP TABLE signing_keys;
