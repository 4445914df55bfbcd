-- +goose Up
-- Which binaries each migration still suits, from this one on.
CREATE TABLE schema_versions (
    version     INTEGER NOT NULL,
    min_version INTEGER NOT NULL, -- oldest version a binary may know
    CONSTRAINT schema_versions_pkey PRIMARY KEY (version),
    CONSTRAINT schema_versions_min_version CHECK (min_version <= version)
);
INSERT INTO schema_versions (version, min_version) VALUES (6, 5);

-- +goose Down
DROP TABLE schema_versions;
