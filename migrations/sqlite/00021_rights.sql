-- +goose Up
ALTER TABLE users ADD COLUMN roles TEXT NOT NULL DEFAULT ''; -- sorted words between spaces
ALTER TABLE users ADD COLUMN claims TEXT NOT NULL DEFAULT ''; -- JSON object; empty for none
ALTER TABLE users ADD COLUMN rights_generation INTEGER NOT NULL DEFAULT 0; -- of roles and claims
ALTER TABLE revocations ADD COLUMN rights_generation INTEGER NOT NULL DEFAULT 0; -- earlier tokens need refreshing
INSERT INTO schema_versions (version, min_version) VALUES (21, 5);

-- +goose Down
DELETE FROM schema_versions WHERE version = 21;
ALTER TABLE revocations DROP COLUMN rights_generation;
ALTER TABLE users DROP COLUMN rights_generation;
ALTER TABLE users DROP COLUMN claims;
ALTER TABLE users DROP COLUMN roles;
