package postgres_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// crowd is 50,000 users with a session each, of which every tenth is alive. There are 10,000
// one-time tokens and 66,000 mails. 1,000 resets wait, 50 of those are due, and behind them 5,000
// notices of one user, all due. The trail has 100,000 events of one user, 50,000 of another (one
// sign-in, and then failures), and 50,000 of nobody.
const crowd = `
INSERT INTO users (id, username, username_folded, email, email_folded, email_verified_at)
SELECT gen_random_uuid(), 'user-' || n, 'user-' || n, n || '@example.com', n || '@example.com', now() FROM generate_series(1, 50000) AS n;
INSERT INTO refresh_tokens (id, user_id, token_hash, expires_at, absolute_expires_at, last_used_at, installation_generation, user_generation)
SELECT gen_random_uuid(), id, username, now() + CASE WHEN random() < 0.1 THEN interval '1 day' ELSE interval '-1 day' END, now(), now(), 0, 0 FROM users;
INSERT INTO audit_events (at, action, actor, user_id)
SELECT now() - interval '1 day', 'authn_login_fail', 'anonymous', '00000000-0000-8000-8000-000000000001' FROM generate_series(1, 50000);
INSERT INTO audit_events (at, action, actor, user_id, session_id)
SELECT now() + interval '99 years', 'authn_login_success', 'anonymous', '00000000-0000-8000-8000-000000000001', gen_random_uuid() FROM generate_series(1, 50000);
INSERT INTO audit_events (at, action, actor, user_id)
SELECT now(), CASE n WHEN 1 THEN 'authn_login_success' ELSE 'authn_login_fail' END, 'anonymous', '00000000-0000-8000-8000-000000000002'
FROM generate_series(1, 50000) AS n;
INSERT INTO audit_events (at, action, actor)
SELECT now() + interval '99 years', 'authn_login_fail', 'anonymous' FROM generate_series(1, 50000);
INSERT INTO revocations (at, generation) SELECT now(), 0 FROM generate_series(1, 50000);
INSERT INTO mail_tokens (id, token_hash, purpose, user_id, email, email_folded, installation_generation, user_generation, password_changed_at, created_at, expires_at)
SELECT gen_random_uuid(), username, 'verify', id, email, email_folded, 0, 0, now(), now(), now() FROM users LIMIT 10000;
INSERT INTO outbox (id, kind, state, user_id, asked_by, username, recipient, recipient_hash, detail, locale, message_id, created_at, remote_addr, user_agent, expires_at, next_at)
SELECT gen_random_uuid(), 'verify', 'sent', id, id, username, email, username, '', '', '', now(), '', '', now(), now() FROM users LIMIT 10000;
INSERT INTO outbox (id, kind, state, user_id, username, recipient, recipient_hash, detail, locale, message_id, created_at, remote_addr, user_agent,
    expires_at, next_at, ended_at)
SELECT gen_random_uuid(), 'reset', CASE WHEN n > 50000 THEN 'waiting' ELSE 'sent' END, gen_random_uuid(), 'user', 'a@b.c', 'a@b.c', '', '', n || '@b.c',
    now() + n * interval '1 second', '', '', now() + interval '99 years', '2031-05-06 12:00:00Z'::timestamptz + (n - 50050) * interval '1 second',
    CASE WHEN n <= 50000 THEN now() END
FROM generate_series(1, 51000) AS n;
INSERT INTO outbox (id, kind, state, user_id, username, recipient, recipient_hash, detail, locale, message_id, created_at, remote_addr, user_agent, expires_at, next_at)
SELECT gen_random_uuid(), 'password_changed', 'waiting', '00000000-0000-8000-8000-000000000001', 'user', 'a@b.c', '', '', '', n || '@c.d',
    now() + n * interval '1 second', '', '', now() + interval '99 years', '2026-01-01 12:00:00Z'::timestamptz + n * interval '1 second'
FROM generate_series(1, 5000) AS n`

// TestAPageReadsSoManyRowsAndNoMore: PostgreSQL counts the rows that the statements read, with
// and without statistics about the tables.
func TestAPageReadsSoManyRowsAndNoMore(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), storetest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), crowd); err != nil {
		t.Fatal(err)
	}
	const limit = 100
	failed := uuid.MustParse("00000000-0000-8000-8000-000000000002") // who signed in once, before 50,000 failures
	nobody, someone := uuid.UUID{}, uuid.MustParse("00000000-0000-8000-8000-000000000001")
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			if _, err := conn.Exec(t.Context(), "VACUUM ANALYZE"); err != nil {
				t.Fatal(err)
			}
		}
		for name, statement := range map[string]struct {
			sql  string
			args []any
		}{
			"users":          {postgres.SelectUsers, []any{"user-3", "", false, limit, nil}},
			"search":         {postgres.SelectUsers, []any{"user-3", "nobody", false, limit, nil}},
			"disabled":       {postgres.SelectUsers, []any{"", "", true, limit, nil}},
			"with a role":    {postgres.SelectUsers, []any{"", "", false, limit, []string{"admin", "editor"}}},
			"sessions":       {postgres.SelectSessions, []any{at, nobody, limit}},
			"more sessions":  {postgres.SelectSessions, []any{at, uuid.MustParse("80000000-0000-0000-0000-000000000000"), limit}},
			"count":          {postgres.CountSessions, []any{at, nobody, limit}},
			"more count":     {postgres.CountSessions, []any{at, uuid.MustParse("80000000-0000-0000-0000-000000000000"), limit}},
			"ending":         {postgres.SelectEnding, []any{someone, uuid.New(), at, []string{"authn_logout"}}},
			"last sign-in":   {postgres.SelectLastSignIn, []any{failed}},
			"dead sessions":  {postgres.DeleteDeadSessions, []any{nobody, nil, at.AddDate(-100, 0, 0), limit}},
			"mail":           {postgres.CountMail, []any{at.AddDate(-100, 0, 0), limit, someone, limit, "user-7", limit, "reset"}},
			"no mail":        {postgres.CountMail, []any{at, limit, nobody, limit, "nobody", limit, "reset"}},
			"replaced mail":  {postgres.EndReplacedMail, []any{at, someone, "verify", "reset"}},
			"by address":     {postgres.SelectNamed, []any{"7@example.com", "user-8"}},
			"by name":        {postgres.SelectNamed, []any{"", "user-8"}},
			"owner":          {postgres.SelectVerifiedOwner, []any{"7@example.com", nobody}},
			"token's user":   {postgres.SelectTokenUser, []any{"user-7"}},
			"pending":        {postgres.SelectPendingEmail, []any{at, someone}},
			"old tokens":     {postgres.DeleteOldMailTokens, []any{at.AddDate(-100, 0, 0), limit}},
			"queue a notice": {postgres.InsertMail, []any{uuid.New(), "password_changed", someone, nil, "", "a@b.c", "", "", "", "", at, "", "", at, 3}},
			"claim mail":     {postgres.ClaimMail, []any{at, uuid.New(), at, 20, 20, 1000, at.Add(-time.Hour), 500}},
			"claim requests": {postgres.ClaimMail, []any{at, uuid.New(), at, 20, 20, 1000, at.Add(-time.Hour), 0}},
			"mails":          {postgres.SelectMails, []any{[]string{"sent"}, nil, nobody, limit}},
			"more mails":     {postgres.SelectMails, []any{[]string{"sent", "waiting"}, at, nobody, limit}},
			"failed mails":   {postgres.SelectMails, []any{[]string{"failed"}, nil, nobody, limit}},
			"no old mail":    {postgres.DeleteOldMail, []any{at.AddDate(-100, 0, 0), limit}},
			"no revocations": {postgres.DeleteOldRevocations, []any{at.AddDate(-100, 0, 0), limit}},
		} {
			for table, rows := range rowsRead(t, conn, statement.sql, statement.args...) {
				if rows > 3*limit {
					t.Errorf("%s, analyzed: %t: reads %v rows of %s for a page of %d", name, analyzed, rows, table, limit)
				}
			}
		}
	}
}

// planNode is one step of a plan in the output of EXPLAIN.
type planNode struct {
	Table   string  `json:"Relation Name"`
	Rows    float64 `json:"Actual Rows"`
	Loops   float64 `json:"Actual Loops"`
	Dropped float64 `json:"Rows Removed by Filter"`
	Plans   []planNode
}

// rowsRead runs a statement and returns how many rows it read of each table.
func rowsRead(t *testing.T, conn *pgx.Conn, sql string, args ...any) map[string]float64 {
	t.Helper()
	var explained []byte
	if err := conn.QueryRow(t.Context(), "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "+sql, args...).Scan(&explained); err != nil {
		t.Fatal(fmt.Errorf("%w: %s", err, sql))
	}
	var whole []struct{ Plan planNode }
	if err := json.Unmarshal(explained, &whole); err != nil {
		t.Fatal(err)
	}
	read := map[string]float64{}
	var add func(n planNode)
	add = func(n planNode) {
		if n.Table != "" {
			read[n.Table] += (n.Rows + n.Dropped) * n.Loops
		}
		for _, child := range n.Plans {
			add(child)
		}
	}
	add(whole[0].Plan)
	if len(read) == 0 {
		t.Errorf("no table in the plan of %s: %s", sql, explained)
	}
	return read
}
