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

// utc returns the instant that a nullable column holds, zero for NULL.
func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
