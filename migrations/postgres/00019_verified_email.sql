-- Nothing waits for this, as in 00011.
-- +goose NO TRANSACTION
-- +goose Up
-- Only a verified address is unique, so that nobody can reserve somebody else's.
DROP INDEX CONCURRENTLY IF EXISTS users_verified_email_key;
CREATE UNIQUE INDEX CONCURRENTLY users_verified_email_key ON users (email_folded) WHERE email_verified_at IS NOT NULL;

DELETE FROM schema_versions WHERE version = 19; -- of a broken attempt
INSERT INTO schema_versions (version, min_version) VALUES (19, 5);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS users_verified_email_key;
DELETE FROM schema_versions WHERE version = 19;
