package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const insertEvent = `
INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

// Record implements [store.Store].
func (s *Store) Record(ctx context.Context, e store.Event) error {
	return s.write(ctx, "record event", func(tx *sql.Tx) error { return record(ctx, tx, e) })
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

// utc returns the instant that a nullable column holds, zero for NULL.
func utc(us sql.NullInt64) time.Time {
	if !us.Valid {
		return time.Time{}
	}
	return instant(us.Int64)
}
