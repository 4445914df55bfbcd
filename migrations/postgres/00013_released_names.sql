-- +goose Up
-- Names that deleted users had, for strangers not to take them at once.
CREATE TABLE released_names (
    name_hash   BYTEA       NOT NULL, -- SHA-256 of the name, which is not kept
    released_at TIMESTAMPTZ NOT NULL, -- when its user was deleted
    CONSTRAINT released_names_pkey PRIMARY KEY (name_hash)
);
CREATE INDEX released_names_released_at_idx ON released_names (released_at);
INSERT INTO schema_versions (version, min_version) VALUES (13, 5);

-- +goose Down
DELETE FROM schema_versions WHERE version = 13;
DROP TABLE released_names;
