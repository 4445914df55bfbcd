-- +goose Up
-- Mail that somebody asked for is claimed before notices, of which many may wait.
CREATE INDEX outbox_due_idx ON outbox ((kind NOT IN ('verify', 'reset', 'address_in_use')), next_at) WHERE state = 'waiting';
DROP INDEX outbox_next_at_idx;

-- The limit of an hour counts such mail.
CREATE INDEX outbox_requested_at_idx ON outbox ((kind NOT IN ('verify', 'reset', 'address_in_use')), created_at);
DROP INDEX outbox_created_at_idx;

-- When a notice is due depends on the others of its kind to its user.
CREATE INDEX outbox_user_kind_idx ON outbox (user_id, kind, next_at);
DROP INDEX outbox_user_id_idx;
INSERT INTO schema_versions (version, min_version) VALUES (20, 5);

-- +goose Down
CREATE INDEX outbox_user_id_idx ON outbox (user_id, created_at);
DROP INDEX outbox_user_kind_idx;
CREATE INDEX outbox_created_at_idx ON outbox (created_at, id);
DROP INDEX outbox_requested_at_idx;
CREATE INDEX outbox_next_at_idx ON outbox (next_at) WHERE state = 'waiting';
DROP INDEX outbox_due_idx;
DELETE FROM schema_versions WHERE version = 20;
