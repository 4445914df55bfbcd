-- +goose Up
ALTER TABLE refresh_tokens ADD COLUMN step BIGINT NOT NULL DEFAULT 0; -- counts the session's tokens
ALTER TABLE refresh_tokens ADD COLUMN replaced BYTEA NOT NULL DEFAULT ''; -- latest replaced tokens, newest first
INSERT INTO schema_versions (version, min_version) VALUES (8, 5);

-- +goose Down
DELETE FROM schema_versions WHERE version = 8;
ALTER TABLE refresh_tokens DROP COLUMN replaced;
ALTER TABLE refresh_tokens DROP COLUMN step;
