-- +goose Up
-- Only a verified address is unique, so that nobody can reserve somebody else's.
CREATE UNIQUE INDEX users_verified_email_key ON users (email_folded) WHERE email_verified_at IS NOT NULL;
INSERT INTO schema_versions (version, min_version) VALUES (19, 5);

-- +goose Down
DROP INDEX users_verified_email_key;
DELETE FROM schema_versions WHERE version = 19;
