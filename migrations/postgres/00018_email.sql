-- +goose Up
ALTER TABLE users ADD COLUMN email TEXT; -- domain in A-labels; NULL for none
ALTER TABLE users ADD COLUMN email_folded TEXT; -- in lower case
ALTER TABLE users ADD COLUMN email_verified_at TIMESTAMPTZ; -- NULL while it is not
ALTER TABLE users ADD COLUMN locale TEXT NOT NULL DEFAULT ''; -- languages of the latest sign-in

-- Tokens that are mailed, good once. The generations and the instant are the user's at the issue.
CREATE TABLE mail_tokens (
    id                      UUID NOT NULL, -- of the mail that carries it
    token_hash              TEXT NOT NULL, -- hex SHA-256
    purpose                 TEXT NOT NULL, -- reset or verify
    user_id                 UUID NOT NULL,
    email                   TEXT NOT NULL, -- to verify; empty for a reset
    email_folded            TEXT NOT NULL,
    installation_generation BIGINT NOT NULL,
    user_generation         BIGINT NOT NULL,
    password_changed_at     TIMESTAMPTZ NOT NULL,
    created_at              TIMESTAMPTZ NOT NULL,
    expires_at              TIMESTAMPTZ NOT NULL,
    used_at                 TIMESTAMPTZ, -- NULL until then
    CONSTRAINT mail_tokens_pkey PRIMARY KEY (id),
    CONSTRAINT mail_tokens_token_hash_key UNIQUE (token_hash),
    CONSTRAINT mail_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX mail_tokens_user_id_idx ON mail_tokens (user_id);
CREATE INDEX mail_tokens_expires_at_idx ON mail_tokens (expires_at);

-- Mail to send, and for some days that which was sent.
CREATE TABLE outbox (
    id               UUID NOT NULL,
    kind             TEXT NOT NULL,
    state            TEXT NOT NULL, -- waiting, sent, failed, dropped or replaced
    user_id          UUID, -- NULL once the user was deleted
    asked_by         UUID, -- whose limit counts it
    username         TEXT NOT NULL,
    recipient        TEXT NOT NULL,
    recipient_hash   TEXT NOT NULL, -- empty for a notice
    detail           TEXT NOT NULL, -- the new address, of a change
    locale           TEXT NOT NULL,
    message_id       TEXT NOT NULL,
    created_at       TIMESTAMPTZ NOT NULL,
    remote_addr      TEXT NOT NULL, -- of the client that caused it
    user_agent       TEXT NOT NULL,
    expires_at       TIMESTAMPTZ NOT NULL, -- no try begins after this
    next_at          TIMESTAMPTZ NOT NULL, -- when the next try is due
    tries            INTEGER NOT NULL DEFAULT 0,
    lease            UUID, -- the latest claim
    leased_until     TIMESTAMPTZ,
    class            TEXT NOT NULL DEFAULT '', -- why the latest try failed
    code             INTEGER NOT NULL DEFAULT 0, -- of SMTP
    enhanced         TEXT NOT NULL DEFAULT '', -- RFC 3463
    ended_at         TIMESTAMPTZ, -- NULL while it waits
    CONSTRAINT outbox_pkey PRIMARY KEY (id)
);
CREATE INDEX outbox_next_at_idx ON outbox (next_at) WHERE state = 'waiting';
CREATE INDEX outbox_created_at_idx ON outbox (created_at, id);
CREATE INDEX outbox_state_idx ON outbox (state, created_at, id);
CREATE INDEX outbox_leased_until_idx ON outbox (leased_until) WHERE leased_until IS NOT NULL;
CREATE INDEX outbox_ended_at_idx ON outbox (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX outbox_user_id_idx ON outbox (user_id, created_at);
CREATE INDEX outbox_asked_by_idx ON outbox (asked_by, created_at) WHERE asked_by IS NOT NULL;
CREATE INDEX outbox_recipient_idx ON outbox (recipient_hash, created_at) WHERE asked_by IS NOT NULL;
INSERT INTO schema_versions (version, min_version) VALUES (18, 5);

-- +goose Down
DELETE FROM schema_versions WHERE version = 18;
DROP TABLE outbox;
DROP TABLE mail_tokens;
ALTER TABLE users DROP COLUMN locale;
ALTER TABLE users DROP COLUMN email_verified_at;
ALTER TABLE users DROP COLUMN email_folded;
ALTER TABLE users DROP COLUMN email;
