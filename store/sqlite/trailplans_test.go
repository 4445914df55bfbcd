package sqlite_test

import (
	"database/sql"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

// TestEveryFilterOfTheTrailIsAnIndex reads SQLite's plans of every single filter. Each uses
// the index that has its events in order, so that only a page is sorted.
func TestEveryFilterOfTheTrailIsAnIndex(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	page := func(p store.EventPage) func() (string, []any) {
		return func() (string, []any) { p.Limit = 100; return sqlite.SelectTrail(p) }
	}
	statement := func(text string, args ...any) func() (string, []any) {
		return func() (string, []any) { return text, args }
	}
	for name, tt := range map[string]struct {
		query func() (string, []any)
		want  string
	}{
		"none":         {page(store.EventPage{}), `audit_events_time_idx \(at<\?\)`},
		"time":         {page(store.EventPage{Since: time.Now(), Until: time.Now()}), `audit_events_time_idx \(at>\? AND at<\?\)`},
		"user":         {page(store.EventPage{UserID: uuid.New()}), `audit_events_user_time_idx \(user_id=\? AND at<\?\)`},
		"session":      {page(store.EventPage{SessionID: uuid.New()}), `audit_events_session_id_idx \(session_id=\?\)`},
		"address":      {page(store.EventPage{From: netip.MustParsePrefix("192.0.2.1/32")}), `audit_events_address_idx \(remote_addr=\? AND at<\?\)`},
		"network":      {page(store.EventPage{From: netip.MustParsePrefix("192.0.2.0/24")}), `audit_events_time_idx \(at<\?\)`},
		"action":       {page(store.EventPage{Actions: []store.Action{store.ActionUserDeleted}}), `audit_events_action_idx \(action=\? AND at<\?\)`},
		"actions":      {page(store.EventPage{Actions: []store.Action{store.ActionUserDeleted, store.ActionLogout}}), `audit_events_action_idx \(action=\? AND at<\?\)`},
		"sign-ins":     {page(store.EventPage{Actions: []store.Action{store.ActionLogin}}), `audit_events_time_idx \(at<\?\)`},
		"operator":     {page(store.EventPage{Actor: "cli:ada"}), `audit_events_operator_idx \(at<\?\)`},
		"other actors": {page(store.EventPage{Actor: "anonymous"}), `audit_events_time_idx \(at<\?\)`},
		"count":        {statement(sqlite.CountEvents, 0, 0, 0, 10), `audit_events_time_idx \(at>\? AND at<\?\)`},
		"delete":       {statement(sqlite.DeletePageOfEvents, 0, 0, 0, 0), `audit_events_time_idx \(at>\? AND at<\?\)`},
		"tell once":    {statement(sqlite.InsertEventOnce, 0, "a", "b", nil, nil, "", "", "", ""), `audit_events_action_idx \(action=\? AND at=\?\)`},
	} {
		query, args := tt.query()
		plan := planOf(t, db, query, args)
		if sorts := strings.Contains(plan, "TEMP B-TREE"); sorts != (name == "session" || name == "actions") {
			t.Errorf("%s sorts: %t\n%s", name, sorts, plan)
		}
		scans := regexp.MustCompile(`SCAN audit_events|SCAN users`).MatchString(plan)
		if scans || !regexp.MustCompile(tt.want).MatchString(plan) {
			t.Errorf("%s: want %s:\n%s", name, tt.want, plan)
		}
	}
}

// planOf returns SQLite's plan of a statement, one step a line.
func planOf(t *testing.T, db *sql.DB, query string, args []any) string {
	t.Helper()
	rows, err := db.Query("EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatalf("%v: %s", err, query)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(step + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}
