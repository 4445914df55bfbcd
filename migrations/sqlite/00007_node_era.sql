-- +goose Up
-- No column: here a position tells by itself when the file went back.
INSERT INTO schema_versions (version, min_version) VALUES (7, 5);

-- +goose Down
DELETE FROM schema_versions WHERE version = 7;
