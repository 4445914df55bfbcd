-- +goose Up
-- What has ended access, for every server to hear of. A row is of use for as long
-- as an access token from before it may live.
CREATE TABLE revocations (
    id         INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    user_id    TEXT,             -- NULL: everybody
    session_id TEXT,             -- NULL: all of the user's
    generation INTEGER NOT NULL, -- tokens of an earlier one are dead; 0 for a session
    CONSTRAINT revocations_pkey PRIMARY KEY (id AUTOINCREMENT)
) STRICT;
CREATE INDEX revocations_at_idx ON revocations (at);

-- The servers, and how far each has read the revocations.
CREATE TABLE nodes (
    id         TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    staleness  INTEGER NOT NULL, -- microseconds after seen_at until it vouches for nobody
    position   TEXT    NOT NULL, -- the id of the last revocation that it has read
    CONSTRAINT nodes_pkey PRIMARY KEY (id)
) STRICT;

-- To tell what ended a session, and when.
CREATE INDEX audit_events_session_id_idx ON audit_events (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX audit_events_everybody_idx ON audit_events (id) WHERE action = 'authn_token_revoked_all' AND user_id IS NULL;

-- +goose Down
DROP INDEX audit_events_everybody_idx;
DROP INDEX audit_events_session_id_idx;
DROP TABLE nodes;
DROP TABLE revocations;
