-- +goose Up
ALTER TABLE nodes ADD COLUMN era TEXT NOT NULL DEFAULT ''; -- history that position is in
INSERT INTO schema_versions (version, min_version) VALUES (7, 5);

-- +goose Down
DELETE FROM schema_versions WHERE version = 7;
ALTER TABLE nodes DROP COLUMN era;
