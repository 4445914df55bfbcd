-- +goose Up
ALTER TABLE nodes ADD COLUMN environment TEXT NOT NULL DEFAULT ''; -- production or development
INSERT INTO schema_versions (version, min_version) VALUES (12, 5);

-- +goose Down
DELETE FROM schema_versions WHERE version = 12;
ALTER TABLE nodes DROP COLUMN environment;
