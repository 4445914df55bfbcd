-- +goose Up
-- A user's sessions by age: the newest are listed, the oldest end. It finds all that the index before it found.
CREATE INDEX refresh_tokens_user_age_idx ON refresh_tokens (user_id, created_at, id);
DROP INDEX refresh_tokens_user_id_idx;
ALTER TABLE revocations ADD COLUMN spared TEXT; -- session whose tokens stay good
INSERT INTO schema_versions (version, min_version) VALUES (9, 5);

-- +goose Down
DELETE FROM schema_versions WHERE version = 9;
ALTER TABLE revocations DROP COLUMN spared;
CREATE INDEX refresh_tokens_user_id_idx ON refresh_tokens (user_id);
DROP INDEX refresh_tokens_user_age_idx;
