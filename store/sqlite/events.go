package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const insertEvent = `
INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

// Record implements [store.Store].
func (s *Store) Record(ctx context.Context, e store.Event) error {
	return s.join(ctx, &change{op: "record event", whole: true}, func(ctx context.Context, tx *sql.Tx) error { return record(ctx, tx, e) })
}

// record writes an event within a transaction.
func record(ctx context.Context, tx *sql.Tx, e store.Event) error {
	_, err := tx.ExecContext(ctx, insertEvent, eventArgs(e)...)
	return err
}

// eventArgs returns e in the order of the columns above.
func eventArgs(e store.Event) []any {
	return []any{micros(e.At), string(e.Action), e.Actor, nullID(e.UserID), nullID(e.SessionID), e.RemoteAddr, e.UserAgent, e.RequestID, e.Reason}
}

func nullID(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id.String()
}

// nullTime is NULL for the zero time.
func nullTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return micros(t)
}

// utc returns the instant that a nullable column holds, zero for NULL.
func utc(us sql.NullInt64) time.Time {
	if !us.Valid {
		return time.Time{}
	}
	return instant(us.Int64)
}

// selectEnding has an index for each branch. The index of the branch of a user is
// audit_events_account_idx, whose condition is repeated here word for word. It omits failed
// sign-ins, of which a user may have a million. A change of password names the session that stays.
const selectEnding = `
SELECT at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason
FROM audit_events
WHERE id = (
    SELECT min(id) FROM (
        SELECT * FROM (SELECT id FROM audit_events WHERE session_id = ?2 AND action <> 'authn_password_change' AND action IN (SELECT value FROM json_each(?4)) AND at >= ?3 ORDER BY id LIMIT 1)
        UNION ALL
        SELECT * FROM (SELECT id FROM audit_events INDEXED BY audit_events_account_idx WHERE user_id = ?1 AND session_id IS NULL AND action <> 'authn_login_fail' AND action IN (SELECT value FROM json_each(?4)) AND at >= ?3 ORDER BY id LIMIT 1)
        UNION ALL
        SELECT * FROM (SELECT id FROM audit_events INDEXED BY audit_events_others_idx WHERE user_id = ?1 AND session_id <> ?2 AND action = 'authn_token_revoked_others' AND at >= ?3 ORDER BY id LIMIT 1)
        UNION ALL
        SELECT * FROM (SELECT id FROM audit_events INDEXED BY audit_events_everybody_idx WHERE user_id IS NULL AND action = 'authn_token_revoked_all' AND at >= ?3
            AND ?1 <> '00000000-0000-0000-0000-000000000000' ORDER BY id LIMIT 1)
    )
)`

// Ending implements [store.Store].
func (s *Store) Ending(ctx context.Context, userID, sessionID uuid.UUID, since time.Time) (store.Event, error) {
	actions, err := json.Marshal(store.Endings())
	if err != nil {
		return store.Event{}, err
	}
	var e store.Event
	var at int64
	var ofUser, ofSession uuid.NullUUID
	err = s.reader.QueryRowContext(ctx, selectEnding, userID, sessionID, micros(since), string(actions)).
		Scan(&at, &e.Action, &e.Actor, &ofUser, &ofSession, &e.RemoteAddr, &e.UserAgent, &e.RequestID, &e.Reason)
	e.At, e.UserID, e.SessionID = instant(at), ofUser.UUID, ofSession.UUID
	return e, translate("read ending", err)
}
