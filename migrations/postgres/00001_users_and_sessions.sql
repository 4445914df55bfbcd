-- +goose Up
CREATE TABLE users (
    id                  UUID        NOT NULL DEFAULT gen_random_uuid(),
    username            TEXT        NOT NULL,
    -- Unique form of the name; byte order, so that pages are the same in every locale.
    username_folded     TEXT        COLLATE "C" NOT NULL,
    password_hash       TEXT,
    created_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    disabled_at         TIMESTAMPTZ,
    password_changed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    -- Bumped to end every session of the user at once.
    generation          BIGINT      NOT NULL DEFAULT 0,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_username_folded_key UNIQUE (username_folded)
);

-- One row a session, rewritten in place at each rotation.
CREATE TABLE refresh_tokens (
    id                      UUID        NOT NULL,
    user_id                 UUID        NOT NULL,
    token_hash              TEXT        NOT NULL, -- hex SHA-256 of the current token
    expires_at              TIMESTAMPTZ NOT NULL, -- idle expiry
    created_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    absolute_expires_at     TIMESTAMPTZ NOT NULL,
    last_used_at            TIMESTAMPTZ NOT NULL,
    previous_hash           TEXT,                 -- hex SHA-256 of the token before
    successor               BYTEA,                -- the current token, sealed under the one before
    rotated_at              TIMESTAMPTZ,
    installation_generation BIGINT      NOT NULL,
    user_generation         BIGINT      NOT NULL,
    remote_addr             TEXT        NOT NULL DEFAULT '',
    user_agent              TEXT        NOT NULL DEFAULT '',
    CONSTRAINT refresh_tokens_pkey PRIMARY KEY (id),
    CONSTRAINT refresh_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT refresh_tokens_token_hash_key UNIQUE (token_hash)
);
CREATE INDEX refresh_tokens_user_id_idx ON refresh_tokens (user_id);

-- The one row of the installation.
CREATE TABLE installation (
    id         SMALLINT    NOT NULL DEFAULT 1,
    generation BIGINT      NOT NULL DEFAULT 0, -- bumped to end every session there is
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT installation_pkey PRIMARY KEY (id),
    CONSTRAINT installation_one_row CHECK (id = 1)
);
INSERT INTO installation (id) VALUES (1);

-- Who did what to whom. No foreign keys: the trail outlives what it tells of.
CREATE TABLE audit_events (
    id          BIGINT      NOT NULL GENERATED ALWAYS AS IDENTITY,
    at          TIMESTAMPTZ NOT NULL,
    action      TEXT        NOT NULL,
    actor       TEXT        NOT NULL,
    user_id     UUID,
    session_id  UUID,
    remote_addr TEXT        NOT NULL DEFAULT '',
    user_agent  TEXT        NOT NULL DEFAULT '',
    request_id  TEXT        NOT NULL DEFAULT '',
    reason      TEXT        NOT NULL DEFAULT '',
    CONSTRAINT audit_events_pkey PRIMARY KEY (id)
);
CREATE INDEX audit_events_user_id_idx ON audit_events (user_id, id);

-- +goose Down
DROP TABLE audit_events;
DROP TABLE installation;
DROP TABLE refresh_tokens;
DROP TABLE users;
