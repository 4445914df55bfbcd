-- +goose Up
CREATE INDEX audit_events_at_idx ON audit_events (at);

-- What happened to a user, without the failed sign-ins, of which there may be a million.
CREATE INDEX audit_events_account_idx ON audit_events (user_id, id)
    WHERE session_id IS NULL AND action <> 'authn_login_fail';

-- When a user ended all sessions but one.
CREATE INDEX audit_events_others_idx ON audit_events (user_id, id) WHERE action = 'authn_token_revoked_others';

INSERT INTO schema_versions (version, min_version) VALUES (11, 5);

-- +goose Down
DROP INDEX audit_events_others_idx;
DROP INDEX audit_events_account_idx;
DROP INDEX audit_events_at_idx;
DELETE FROM schema_versions WHERE version = 11;
