-- +goose Up
ALTER TABLE installation ADD COLUMN resumed_at INTEGER; -- end of latest outage
INSERT INTO schema_versions (version, min_version) VALUES (10, 5);

-- +goose Down
DELETE FROM schema_versions WHERE version = 10;
ALTER TABLE installation DROP COLUMN resumed_at;
