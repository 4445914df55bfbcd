-- What lists the trail, newest first. To a sign-in they cost one index more, of addresses: two
-- take the place of others, and two do not have sign-ins.
-- +goose Up
CREATE INDEX audit_events_time_idx ON audit_events (at, id);
DROP INDEX audit_events_at_idx;
CREATE INDEX audit_events_user_time_idx ON audit_events (user_id, at, id) WHERE user_id IS NOT NULL;
DROP INDEX audit_events_user_id_idx;
CREATE INDEX audit_events_address_idx ON audit_events (remote_addr, at, id) WHERE remote_addr <> '';
CREATE INDEX audit_events_action_idx ON audit_events (action, at, id)
    WHERE action NOT IN ('authn_login_success', 'authn_login_fail');
CREATE INDEX audit_events_operator_idx ON audit_events (at, id) WHERE substr(actor, 1, 4) = 'cli:';
INSERT INTO schema_versions (version, min_version) VALUES (16, 5);

-- +goose Down
CREATE INDEX audit_events_user_id_idx ON audit_events (user_id, id);
CREATE INDEX audit_events_at_idx ON audit_events (at);
DROP INDEX audit_events_operator_idx;
DROP INDEX audit_events_action_idx;
DROP INDEX audit_events_address_idx;
DROP INDEX audit_events_user_time_idx;
DROP INDEX audit_events_time_idx;
DELETE FROM schema_versions WHERE version = 16;
