-- +goose Up
-- What has ended access, for every server to hear of. A row is of use for as long
-- as an access token from before it may live.
CREATE TABLE revocations (
    id         BIGINT      NOT NULL GENERATED ALWAYS AS IDENTITY,
    -- The transaction, because rows do not become visible in the order of their ids.
    tx         XID8        NOT NULL DEFAULT pg_current_xact_id(),
    at         TIMESTAMPTZ NOT NULL,
    user_id    UUID,                 -- NULL: everybody
    session_id UUID,                 -- NULL: all of the user's
    generation BIGINT      NOT NULL, -- tokens of an earlier one are dead; 0 for a session
    CONSTRAINT revocations_pkey PRIMARY KEY (id)
);
CREATE INDEX revocations_tx_idx ON revocations (tx);
CREATE INDEX revocations_at_idx ON revocations (at);

-- The servers, and how far each has read the revocations.
CREATE TABLE nodes (
    id         UUID        NOT NULL,
    name       TEXT        NOT NULL,
    version    TEXT        NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    seen_at    TIMESTAMPTZ NOT NULL,
    staleness  BIGINT      NOT NULL, -- microseconds after seen_at until it vouches for nobody
    position   TEXT        NOT NULL, -- a pg_snapshot: what is visible in it has been read
    CONSTRAINT nodes_pkey PRIMARY KEY (id)
);

-- To tell what ended a session, and when.
CREATE INDEX audit_events_session_id_idx ON audit_events (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX audit_events_everybody_idx ON audit_events (id) WHERE action = 'authn_token_revoked_all' AND user_id IS NULL;

-- +goose Down
DROP INDEX audit_events_everybody_idx;
DROP INDEX audit_events_session_id_idx;
DROP TABLE nodes;
DROP TABLE revocations;
