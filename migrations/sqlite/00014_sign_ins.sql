-- +goose Up
-- A user's latest sign-in, without the failed ones, of which there may be a million.
CREATE INDEX audit_events_sign_in_idx ON audit_events (user_id, id) WHERE action = 'authn_login_success';

INSERT INTO schema_versions (version, min_version) VALUES (14, 5);

-- +goose Down
DROP INDEX audit_events_sign_in_idx;
DELETE FROM schema_versions WHERE version = 14;
