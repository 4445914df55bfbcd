package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const eventColumns = `id, at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason`

// eventQuery builds a statement and its arguments.
type eventQuery struct{ args []any }

// arg adds an argument and returns its placeholder.
func (q *eventQuery) arg(value any) string {
	q.args = append(q.args, value)
	return "?" + strconv.Itoa(len(q.args))
}

// selectEvents returns the statement that reads a page, and its arguments. The page is a range of
// the index that [eventQuery.ranges] chooses, so that the statement is fast even if it selects few
// events. It always returns the last event of the page, because the next page begins after that.
func selectEvents(p store.EventPage) (string, []any) {
	var q eventQuery
	edge := p.Edge()
	window := `(at, id) < (` + q.arg(micros(edge.At)) + `, ` + q.arg(edge.ID) + `)`
	if !p.Since.IsZero() {
		window += ` AND at >= ` + q.arg(micros(p.Since))
	}
	order := ` ORDER BY at DESC, id DESC LIMIT ` + q.arg(p.Limit)
	var ranges []string
	for _, r := range q.ranges(p) {
		ranges = append(ranges, `SELECT * FROM (SELECT `+eventColumns+` FROM audit_events WHERE `+r+window+order+`)`)
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
		return []string{`substr(actor, 1, 4) = 'cli:' AND `}
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
		all = append(all, `substr(actor, 1, `+length+`) IN (`+q.arg(p.Actor)+`, `+q.arg(p.Actor+":")+`, `+q.arg(p.Actor+" ")+`)`)
	}
	if text, _ := p.AddressText(); text != "" {
		all = append(all, `substr(remote_addr, 1, `+q.arg(len(text))+`) = `+q.arg(text))
	}
	return all
}

// Events implements [store.Store].
func (s *Store) Events(ctx context.Context, p store.EventPage) (events []store.RecordedEvent, next store.EventKey, err error) {
	query, args := selectEvents(p)
	rows, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, next, translate("list events", err)
	}
	defer rows.Close()
	for rows.Next() {
		var e store.RecordedEvent
		var at int64
		var ofUser, ofSession uuid.NullUUID
		var username sql.NullString
		var selected bool
		var looked int
		if err := rows.Scan(&e.ID, &at, &e.Action, &e.Actor, &ofUser, &ofSession, &e.RemoteAddr, &e.UserAgent, &e.RequestID, &e.Reason,
			&username, &selected, &looked); err != nil {
			return nil, store.EventKey{}, translate("list events", err)
		}
		e.At, e.UserID, e.SessionID, e.Username = instant(at), ofUser.UUID, ofSession.UUID, username.String
		if selected && p.FromNetwork(e.RemoteAddr) {
			events = append(events, e)
		}
		if looked == p.Limit {
			next = store.EventKey{At: e.At, ID: e.ID}
		}
	}
	return events, next, translate("list events", rows.Err())
}

const oldEvents = `
WITH page AS (
    SELECT id, at, action FROM audit_events
    WHERE (at, id) > (?1, ?2) AND at < ?3
    ORDER BY at, id
    LIMIT ?4
), edge AS (
    SELECT at, id, (SELECT count(*) FROM page) AS looked FROM page ORDER BY at DESC, id DESC LIMIT 1
)`

const countEvents = oldEvents + `
SELECT (SELECT count(*) FROM page WHERE action <> 'audit_pruned'), edge.looked, edge.at, edge.id FROM edge`

// CountEvents implements [store.Store].
func (s *Store) CountEvents(ctx context.Context, p store.OldEventPage) (n int, next store.EventKey, err error) {
	n, _, next, err = scanOldEvents(p, s.reader.QueryRowContext(ctx, countEvents, micros(p.After.At), p.After.ID, micros(p.Before), p.Limit))
	return n, next, translate("count events", err)
}

const deletePageOfEvents = `
DELETE FROM audit_events WHERE (at, id) > (?1, ?2) AND (at, id) <= (?3, ?4) AND action <> 'audit_pruned'`

// insertEventOnce inserts an event unless an earlier call has inserted it.
const insertEventOnce = `
INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
WHERE NOT EXISTS (
    SELECT 1 FROM audit_events
    WHERE action NOT IN ('authn_login_success', 'authn_login_fail') AND action = ?2 AND at = ?1 AND actor = ?3 AND reason = ?9)`

// DeleteEvents implements [store.Store].
func (s *Store) DeleteEvents(ctx context.Context, p store.OldEventPage, e store.Event) (n int, next store.EventKey, err error) {
	err = s.write(ctx, "delete events", func(tx *sql.Tx) error {
		var last store.EventKey
		row := tx.QueryRowContext(ctx, countEvents, micros(p.After.At), p.After.ID, micros(p.Before), p.Limit)
		if n, last, next, err = scanOldEvents(p, row); err != nil || n == 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, deletePageOfEvents, micros(p.After.At), p.After.ID, micros(last.At), last.ID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, insertEventOnce, eventArgs(e)...)
		return err
	})
	if err != nil {
		return 0, store.EventKey{}, err
	}
	return n, next, nil
}

// scanOldEvents returns the count, the last event of the page, and the key to continue after.
func scanOldEvents(p store.OldEventPage, row *sql.Row) (n int, last, next store.EventKey, err error) {
	var looked int
	var at int64
	if err := row.Scan(&n, &looked, &at, &last.ID); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, last, next, err
	}
	last.At = instant(at)
	if looked == p.Limit {
		next = last
	}
	return n, last, next, nil
}
