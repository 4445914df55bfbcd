-- Ids are UUIDs in their 36 characters, times are microseconds since the Unix epoch.

-- +goose Up
CREATE TABLE users (
    id                  TEXT    NOT NULL,
    username            TEXT    NOT NULL,
    -- Unique form of the name.
    username_folded     TEXT    NOT NULL,
    password_hash       TEXT,
    created_at          INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000000 AS INTEGER)),
    disabled_at         INTEGER,
    password_changed_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000000 AS INTEGER)),
    -- Bumped to end every session of the user at once.
    generation          INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_username_folded_key UNIQUE (username_folded)
) STRICT;

-- One row a session, rewritten in place at each rotation.
CREATE TABLE refresh_tokens (
    id                      TEXT    NOT NULL,
    user_id                 TEXT    NOT NULL,
    token_hash              TEXT    NOT NULL, -- hex SHA-256 of the current token
    expires_at              INTEGER NOT NULL, -- idle expiry
    created_at              INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000000 AS INTEGER)),
    absolute_expires_at     INTEGER NOT NULL,
    last_used_at            INTEGER NOT NULL,
    previous_hash           TEXT,             -- hex SHA-256 of the token before
    successor               BLOB,             -- the current token, sealed under the one before
    rotated_at              INTEGER,
    installation_generation INTEGER NOT NULL,
    user_generation         INTEGER NOT NULL,
    remote_addr             TEXT    NOT NULL DEFAULT '',
    user_agent              TEXT    NOT NULL DEFAULT '',
    CONSTRAINT refresh_tokens_pkey PRIMARY KEY (id),
    CONSTRAINT refresh_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT refresh_tokens_token_hash_key UNIQUE (token_hash)
) STRICT;
CREATE INDEX refresh_tokens_user_id_idx ON refresh_tokens (user_id);

-- The one row of the installation.
CREATE TABLE installation (
    id         INTEGER NOT NULL DEFAULT 1,
    generation INTEGER NOT NULL DEFAULT 0, -- bumped to end every session there is
    created_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000000 AS INTEGER)),
    CONSTRAINT installation_pkey PRIMARY KEY (id),
    CONSTRAINT installation_one_row CHECK (id = 1)
) STRICT;
INSERT INTO installation (id) VALUES (1);

-- Who did what to whom. No foreign keys: the trail outlives what it tells of.
CREATE TABLE audit_events (
    id          INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    action      TEXT    NOT NULL,
    actor       TEXT    NOT NULL,
    user_id     TEXT,
    session_id  TEXT,
    remote_addr TEXT    NOT NULL DEFAULT '',
    user_agent  TEXT    NOT NULL DEFAULT '',
    request_id  TEXT    NOT NULL DEFAULT '',
    reason      TEXT    NOT NULL DEFAULT '',
    CONSTRAINT audit_events_pkey PRIMARY KEY (id AUTOINCREMENT)
) STRICT;
CREATE INDEX audit_events_user_id_idx ON audit_events (user_id, id);

-- +goose Down
DROP INDEX IF EXISTS goose_db_version_version_id_key; -- of an older release
DROP TABLE audit_events;
DROP TABLE installation;
DROP TABLE refresh_tokens;
DROP TABLE users;
