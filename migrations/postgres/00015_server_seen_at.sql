-- +goose Up
ALTER TABLE installation ADD COLUMN server_seen_at TIMESTAMPTZ; -- of removed nodes, latest
INSERT INTO schema_versions (version, min_version) VALUES (15, 5);

-- +goose Down
DELETE FROM schema_versions WHERE version = 15;
ALTER TABLE installation DROP COLUMN server_seen_at;
