-- Nothing waits for this, as in 00011.
-- +goose NO TRANSACTION
-- +goose Up
-- A user's latest sign-in, without the failed ones, of which there may be a million.
DROP INDEX CONCURRENTLY IF EXISTS audit_events_sign_in_idx;
CREATE INDEX CONCURRENTLY audit_events_sign_in_idx ON audit_events (user_id, id) WHERE action = 'authn_login_success';

DELETE FROM schema_versions WHERE version = 14; -- of a broken attempt
INSERT INTO schema_versions (version, min_version) VALUES (14, 5);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS audit_events_sign_in_idx;
DELETE FROM schema_versions WHERE version = 14;
