package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// longTrail is 100,000 events, one each second, of 1,000 users and 500 addresses. Two thirds
// are sign-ins. Before them are the five events that the filters select.
const longTrail = `
INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr)
SELECT now() - interval '2 days', 'user_deleted', 'cli:ada', '00000000-0000-8000-8000-000000000001', '00000000-0000-8000-8000-000000000002', '192.0.2.1' FROM generate_series(1, 5);
INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr)
SELECT now() - interval '1 day' + n * interval '1 second',
    (ARRAY['authn_login_success', 'authn_login_fail', 'authn_logout'])[n % 3 + 1],
    'anonymous', md5((n % 1000)::text)::uuid, gen_random_uuid(), '198.51.' || n % 4 || '.' || n % 250
FROM generate_series(1, 100000) AS n`

// TestAPageOfTheTrailReadsSoManyRowsAndNoMore: PostgreSQL counts the rows that each single
// filter reads, with and without statistics, when the selected events are the oldest.
func TestAPageOfTheTrailReadsSoManyRowsAndNoMore(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), storetest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), longTrail); err != nil {
		t.Fatal(err)
	}
	const limit = 100
	now, user, session := time.Now(), uuid.MustParse("00000000-0000-8000-8000-000000000001"), uuid.MustParse("00000000-0000-8000-8000-000000000002")
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			if _, err := conn.Exec(t.Context(), "VACUUM ANALYZE"); err != nil {
				t.Fatal(err)
			}
		}
		for name, p := range map[string]store.EventPage{
			"none":         {},
			"since":        {Since: now.Add(-time.Hour)},
			"until":        {Until: now.Add(-12 * time.Hour)},
			"user":         {UserID: user},
			"session":      {SessionID: session},
			"address":      {From: netip.MustParsePrefix("192.0.2.1/32")},
			"network":      {From: netip.MustParsePrefix("192.0.2.0/24")},
			"action":       {Actions: []store.Action{store.ActionUserDeleted}},
			"actions":      {Actions: []store.Action{store.ActionUserDeleted, store.ActionKeyAdded, store.ActionLogout}},
			"sign-ins":     {Actions: []store.Action{store.ActionLogin}},
			"operator":     {Actor: "cli:ada"},
			"other actors": {Actor: "node"},
		} {
			p.Limit = limit
			query, args := postgres.SelectTrail(p)
			for table, rows := range rowsRead(t, conn, query, args...) {
				if most := float64(limit * max(len(p.Actions), 1)); rows > 2*most {
					t.Errorf("%s, analyzed: %t: reads %v rows of %s for a page of %d", name, analyzed, rows, table, limit)
				}
			}
		}
		for name, query := range map[string]string{"count": postgres.CountEvents, "delete": postgres.DeleteEvents} {
			args := []any{time.Time{}, 0, now.Add(-20 * time.Hour), limit}
			if name == "delete" {
				args = append(args, now, "audit_pruned", "cli:ada", nil, nil, "", "", "", fmt.Sprint(rand.Int()))
			}
			for table, rows := range rowsRead(t, conn, query, args...) {
				if rows > 4*limit { // the page, and each row that is deleted by its id
					t.Errorf("%s, analyzed: %t: reads %v rows of %s for a page of %d", name, analyzed, rows, table, limit)
				}
			}
		}
	}
}
