package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const insertEvent = `
INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

// Record implements [store.Store].
func (s *Store) Record(ctx context.Context, e store.Event) error {
	_, err := s.pool.Exec(ctx, insertEvent, eventArgs(e)...)
	return translate("record event", err)
}

// record writes an event within a transaction.
func record(ctx context.Context, tx pgx.Tx, e store.Event) error {
	_, err := tx.Exec(ctx, insertEvent, eventArgs(e)...)
	return err
}

// eventArgs returns e in the order of the columns above.
func eventArgs(e store.Event) []any {
	return []any{e.At, string(e.Action), e.Actor, nullID(e.UserID), nullID(e.SessionID), e.RemoteAddr, e.UserAgent, e.RequestID, e.Reason}
}

func nullID(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// nullTime is NULL for the zero time.
func nullTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// utc returns the instant that a nullable column holds, zero for NULL.
func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// selectEnding has an index for each branch. The index of the branch of a user is
// audit_events_account_idx, whose condition is repeated here word for word. It omits failed
// sign-ins, of which a user may have a million. A change of password names the session that stays.
const selectEnding = `
SELECT at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason
FROM audit_events
WHERE id = (
    SELECT min(id) FROM (
        (SELECT id FROM audit_events WHERE session_id = $2 AND action <> 'authn_password_change' AND action = ANY($4) AND at >= $3 ORDER BY id LIMIT 1)
        UNION ALL
        (SELECT id FROM audit_events WHERE user_id = $1 AND session_id IS NULL AND action <> 'authn_login_fail' AND action = ANY($4) AND at >= $3 ORDER BY id LIMIT 1)
        UNION ALL
        (SELECT id FROM audit_events WHERE user_id = $1 AND session_id <> $2 AND action = 'authn_token_revoked_others' AND at >= $3 ORDER BY id LIMIT 1)
        UNION ALL
        (SELECT id FROM audit_events WHERE user_id IS NULL AND action = 'authn_token_revoked_all' AND at >= $3
            AND $1 <> '00000000-0000-0000-0000-000000000000'::uuid ORDER BY id LIMIT 1)
    ) AS endings
)`

// Ending implements [store.Store].
func (s *Store) Ending(ctx context.Context, userID, sessionID uuid.UUID, since time.Time) (store.Event, error) {
	var actions []string
	for _, action := range store.Endings() {
		actions = append(actions, string(action))
	}
	var e store.Event
	var ofUser, ofSession uuid.NullUUID
	err := s.pool.QueryRow(ctx, selectEnding, pgUUID(userID), pgUUID(sessionID), since, actions).
		Scan(&e.At, &e.Action, &e.Actor, &ofUser, &ofSession, &e.RemoteAddr, &e.UserAgent, &e.RequestID, &e.Reason)
	e.At, e.UserID, e.SessionID = e.At.UTC(), ofUser.UUID, ofSession.UUID
	return e, translate("read ending", err)
}
