-- Nothing waits for these: the table grows with every sign-in, and an index that is made in a
-- transaction would keep all of them waiting. An index that a broken attempt left is made again.
-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS audit_events_at_idx;
CREATE INDEX CONCURRENTLY audit_events_at_idx ON audit_events USING brin (at) WITH (autosummarize = on);

-- What happened to a user, without the failed sign-ins, of which there may be a million.
DROP INDEX CONCURRENTLY IF EXISTS audit_events_account_idx;
CREATE INDEX CONCURRENTLY audit_events_account_idx ON audit_events (user_id, id)
    WHERE session_id IS NULL AND action <> 'authn_login_fail';

-- When a user ended all sessions but one.
DROP INDEX CONCURRENTLY IF EXISTS audit_events_others_idx;
CREATE INDEX CONCURRENTLY audit_events_others_idx ON audit_events (user_id, id) WHERE action = 'authn_token_revoked_others';

DELETE FROM schema_versions WHERE version = 11; -- of a broken attempt
INSERT INTO schema_versions (version, min_version) VALUES (11, 5);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS audit_events_others_idx;
DROP INDEX CONCURRENTLY IF EXISTS audit_events_account_idx;
DROP INDEX CONCURRENTLY IF EXISTS audit_events_at_idx;
DELETE FROM schema_versions WHERE version = 11;
