-- +goose Up
-- Attempts to sign in that have failed, or not succeeded yet. The slots are limited, and so is the
-- table; whoever comes to a slot of another takes its place.
CREATE TABLE login_attempts (
    slot         BIGINT NOT NULL,
    key          BIGINT NOT NULL, -- of the account, or of the account from this address block
    user_id      UUID,            -- NULL when nobody has the name, which is not kept
    address      TEXT   NOT NULL, -- block of addresses; empty for attempts from anywhere
    failures     INTEGER NOT NULL,
    last_at      TIMESTAMPTZ NOT NULL,
    next_at      TIMESTAMPTZ NOT NULL, -- attempts before this are refused
    CONSTRAINT login_attempts_pkey PRIMARY KEY (slot)
);
CREATE INDEX login_attempts_user_id_idx ON login_attempts (user_id) WHERE user_id IS NOT NULL;

-- Where accounts have signed in. Only successes take the place of others.
CREATE TABLE known_places (
    slot         BIGINT NOT NULL,
    key          BIGINT NOT NULL, -- of the account from this address block
    user_id      UUID NOT NULL,
    address      TEXT NOT NULL,
    signed_in_at TIMESTAMPTZ NOT NULL, -- latest success
    CONSTRAINT known_places_pkey PRIMARY KEY (slot)
);
CREATE INDEX known_places_user_id_idx ON known_places (user_id);

ALTER TABLE users ADD COLUMN failed_logins INTEGER NOT NULL DEFAULT 0; -- since the latest success
ALTER TABLE users ADD COLUMN password_disabled_at TIMESTAMPTZ; -- for too many of them

-- +goose Down
ALTER TABLE users DROP COLUMN password_disabled_at;
ALTER TABLE users DROP COLUMN failed_logins;
DROP TABLE known_places;
DROP TABLE login_attempts;
