package postgres

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const eventColumns = `id, at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason`

// eventQuery builds a statement and its arguments.
type eventQuery struct{ args []any }

// arg adds an argument and returns its placeholder.
func (q *eventQuery) arg(value any) string {
	q.args = append(q.args, value)
	return "$" + strconv.Itoa(len(q.args))
}

// selectEvents returns the statement that reads a page, and its arguments. The page is a range of
// the index that [eventQuery.ranges] chooses, so that the statement is fast even if it selects few
// events. It always returns the last event of the page, because the next page begins after that.
func selectEvents(p store.EventPage) (string, []any) {
	var q eventQuery
	edge := p.Edge()
	window := `(at, id) < (` + q.arg(edge.At) + `, ` + q.arg(edge.ID) + `)`
	if !p.Since.IsZero() {
		window += ` AND at >= ` + q.arg(p.Since)
	}
	order := ` ORDER BY at DESC, id DESC LIMIT ` + q.arg(p.Limit)
	var ranges []string
	for _, r := range q.ranges(p) {
		ranges = append(ranges, `(SELECT `+eventColumns+` FROM audit_events WHERE `+r+window+order+`)`)
	}
	selected := `(` + strings.Join(q.conditions(p), ` AND `) + `)`
	return `
WITH page AS (
    SELECT * FROM (` + strings.Join(ranges, ` UNION ALL `) + `) AS ranges` + order + `
), edge AS (
    SELECT id AS last, (SELECT count(*) FROM page) AS looked FROM page ORDER BY at, id LIMIT 1
)
SELECT ` + eventColumns + `, (SELECT username FROM users WHERE users.id = page.user_id),
    COALESCE(` + selected + `, FALSE), edge.looked
FROM page, edge
WHERE page.id = edge.last OR ` + selected + `
ORDER BY at DESC, id DESC`, q.args
}

// ranges returns the conditions by which an index finds the page. They repeat the conditions of
// partial indexes word for word.
func (q *eventQuery) ranges(p store.EventPage) (ranges []string) {
	address, whole := p.AddressText()
	switch {
	case p.SessionID != uuid.Nil:
		return []string{`session_id = ` + q.arg(nullID(p.SessionID)) + ` AND `}
	case p.UserID != uuid.Nil:
		return []string{`user_id = ` + q.arg(nullID(p.UserID)) + ` AND `}
	case whole:
		return []string{`remote_addr <> '' AND remote_addr = ` + q.arg(address) + ` AND `}
	case len(p.Seldom()) > 0:
		for _, action := range p.Seldom() {
			ranges = append(ranges, `action NOT IN ('authn_login_success', 'authn_login_fail') AND action = `+q.arg(string(action))+` AND `)
		}
		return ranges
	case p.OfOperators():
		return []string{`left(actor, 4) = 'cli:' AND `}
	default:
		return []string{``}
	}
}

// conditions returns the conditions that an event must meet, except the network of its address.
func (q *eventQuery) conditions(p store.EventPage) []string {
	all := []string{`TRUE`}
	if p.UserID != uuid.Nil {
		all = append(all, `user_id = `+q.arg(nullID(p.UserID)))
	}
	if p.SessionID != uuid.Nil {
		all = append(all, `session_id = `+q.arg(nullID(p.SessionID)))
	}
	if len(p.Actions) > 0 {
		var names []string
		for _, action := range p.Actions {
			names = append(names, q.arg(string(action)))
		}
		all = append(all, `action IN (`+strings.Join(names, `, `)+`)`)
	}
	if p.Actor != "" {
		length := q.arg(utf8.RuneCountInString(p.Actor) + 1)
		all = append(all, `left(actor, `+length+`) IN (`+q.arg(p.Actor)+`, `+q.arg(p.Actor+":")+`, `+q.arg(p.Actor+" ")+`)`)
	}
	if text, _ := p.AddressText(); text != "" {
		all = append(all, `left(remote_addr, `+q.arg(len(text))+`) = `+q.arg(text))
	}
	return all
}

// Events implements [store.Store].
func (s *Store) Events(ctx context.Context, p store.EventPage) (events []store.RecordedEvent, next store.EventKey, err error) {
	query, args := selectEvents(p)
	err = pastDeadRows(ctx, func() error {
		events, next = nil, store.EventKey{}
		rows, err := s.pool.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var e store.RecordedEvent
			var ofUser, ofSession uuid.NullUUID
			var username *string
			var selected bool
			var looked int
			if err := rows.Scan(&e.ID, &e.At, &e.Action, &e.Actor, &ofUser, &ofSession, &e.RemoteAddr, &e.UserAgent, &e.RequestID, &e.Reason,
				&username, &selected, &looked); err != nil {
				return err
			}
			e.At, e.UserID, e.SessionID = e.At.UTC(), ofUser.UUID, ofSession.UUID
			if username != nil {
				e.Username = *username
			}
			if selected && p.FromNetwork(e.RemoteAddr) {
				events = append(events, e)
			}
			if looked == p.Limit {
				next = store.EventKey{At: e.At, ID: e.ID}
			}
		}
		return rows.Err()
	})
	return events, next, translate("list events", err)
}

const oldEvents = `
WITH page AS (
    SELECT id, at, action FROM audit_events
    WHERE (at, id) > ($1, $2) AND at < $3
    ORDER BY at, id
    LIMIT $4
), edge AS (
    SELECT at, id, (SELECT count(*) FROM page) AS looked FROM page ORDER BY at DESC, id DESC LIMIT 1
)`

const countEvents = oldEvents + `
SELECT (SELECT count(*) FROM page WHERE action <> 'audit_pruned'), edge.looked, edge.at, edge.id FROM edge`

// deleteEvents deletes a page and writes the event of the deletion once. The last part does not see
// the event that this statement writes, only that of an earlier call.
const deleteEvents = oldEvents + `, deleted AS (
    DELETE FROM audit_events WHERE id IN (SELECT id FROM page WHERE action <> 'audit_pruned') RETURNING 1
), audited AS (
    INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason)
    SELECT $5, $6, $7, $8, $9, $10, $11, $12, $13
    WHERE EXISTS (SELECT 1 FROM deleted) AND NOT EXISTS (
        SELECT 1 FROM audit_events
        WHERE action NOT IN ('authn_login_success', 'authn_login_fail') AND action = $6 AND at = $5 AND actor = $7 AND reason = $13)
)
SELECT (SELECT count(*) FROM deleted), edge.looked, edge.at, edge.id FROM edge`

// CountEvents implements [store.Store].
func (s *Store) CountEvents(ctx context.Context, p store.OldEventPage) (n int, next store.EventKey, err error) {
	err = pastDeadRows(ctx, func() error {
		n, next, err = scanOldEvents(p, s.pool.QueryRow(ctx, countEvents, p.After.At, p.After.ID, p.Before, p.Limit))
		return err
	})
	return n, next, translate("count events", err)
}

// DeleteEvents implements [store.Store].
func (s *Store) DeleteEvents(ctx context.Context, p store.OldEventPage, e store.Event) (n int, next store.EventKey, err error) {
	err = pastDeadRows(ctx, func() error {
		args := append([]any{p.After.At, p.After.ID, p.Before, p.Limit}, eventArgs(e)...)
		n, next, err = scanOldEvents(p, s.pool.QueryRow(ctx, deleteEvents, args...))
		return err
	})
	return n, next, translate("delete events", err)
}

func scanOldEvents(p store.OldEventPage, row pgx.Row) (n int, next store.EventKey, err error) {
	var looked int
	var last store.EventKey
	if err := row.Scan(&n, &looked, &last.At, &last.ID); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, next, err
	}
	if looked == p.Limit {
		next = store.EventKey{At: last.At.UTC(), ID: last.ID}
	}
	return n, next, nil
}
