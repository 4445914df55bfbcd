-- +goose Up
-- The versions are in authctl_schema_version from this one on, and no longer in goose_db_version,
-- which other programs write too. Whoever records this version moves them: a new database has
-- nothing to move.
INSERT INTO schema_versions (version, min_version) VALUES (17, 5);

-- +goose Down
DELETE FROM schema_versions WHERE version = 17;
