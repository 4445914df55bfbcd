-- +goose Up
ALTER TABLE installation ADD COLUMN resumed_at INTEGER; -- end of latest outage
INSERT INTO schema_versions (version, min_version) VALUES (9, 5);

-- +goose Down
DELETE FROM schema_versions WHERE version = 9;
ALTER TABLE installation DROP COLUMN resumed_at;
