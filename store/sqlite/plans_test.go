package sqlite_test

import (
	"database/sql"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

// small lists what a plan may scan: the page, by its aliases, tables derived from it, counts, the
// one row of the installation, and an index with few rows.
var small = regexp.MustCompile(`^(page|edge|t|users|i|everybody|ended|own|recipients|CONSTANT ROW|json_each.*|\(subquery.*|audit_events USING INDEX audit_events_everybody_idx)$`)

// TestNoPageScansATable reads SQLite's plans: SEARCH uses an index, SCAN reads all rows. users
// and t are aliases of a page. For them the name of the index shows that the table behind the
// page is searched.
func TestNoPageScansATable(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, statement := range map[string]struct {
		sql   string
		args  []any
		index string // that must be used
	}{
		"users":           {sqlite.SelectUsers, []any{"", "x", true, 10, `["admin"]`}, "username_folded>?"},
		"sessions":        {sqlite.SelectSessions, []any{0, uuid.Nil, 10}, "id>?"},
		"user's sessions": {sqlite.SelectUserSessions, []any{uuid.Nil, 0, 0, uuid.Nil, 10}, "refresh_tokens_user_age_idx"},
		"count":           {sqlite.CountSessions, []any{0, uuid.Nil, 10}, "refresh_tokens_user_age_idx"},
		"ending":          {sqlite.SelectEnding, []any{uuid.Nil, uuid.Nil, 0, "[]"}, "audit_events_account_idx"},
		"others' ending":  {sqlite.SelectEnding, []any{uuid.Nil, uuid.Nil, 0, "[]"}, "audit_events_others_idx"},
		"last sign-in":    {sqlite.SelectLastSignIn, []any{uuid.Nil}, "audit_events_sign_in_idx"},
		"newest session":  {sqlite.SelectLastSignIn, []any{uuid.Nil}, "refresh_tokens_user_age_idx"},
		"user's attempts": {sqlite.SelectUserAttempts, []any{-1, 0, "", 10, uuid.Nil}, "login_attempts_user_id_idx"},
		"dead sessions":   {sqlite.DeleteDeadSessions, []any{uuid.Nil, uuid.Nil, 0}, "id>?"},
		"mail of a user":  {sqlite.CountMail, []any{0, 3, "x", 3, "y", 3, "reset"}, "outbox_asked_by_idx"},
		"of a recipient":  {sqlite.CountMail, []any{0, 3, "x", 3, "y", 3, "reset"}, "outbox_recipient_idx"},
		"mail of all":     {sqlite.CountMail, []any{0, 3, "x", 3, "y", 3, "reset"}, "outbox_requested_at_idx"},
		"sent notices":    {sqlite.CountMail, []any{0, 3, "x", 3, "y", 3, "reset"}, "outbox_ended_at_idx"},
		"notice due":      {sqlite.InsertMail, make([]any, 15), "outbox_user_kind_idx (user_id=? AND kind=?)"},
		"replaced mail":   {sqlite.EndReplacedMail, []any{0, "x", "reset", "reset"}, "outbox_asked_by_idx"},
		"by address":      {sqlite.SelectNamed, []any{"x", "y"}, "users_verified_email_key"},
		"owner":           {sqlite.SelectVerifiedOwner, []any{"x", "y"}, "users_verified_email_key"},
		"token's user":    {sqlite.SelectTokenUser, []any{"x"}, "token_hash=?"},
		"pending address": {sqlite.SelectPendingEmail, []any{0, "x"}, "mail_tokens_user_id_idx"},
		"old tokens":      {sqlite.DeleteOldMailTokens, []any{0, 10}, "mail_tokens_expires_at_idx"},
		"any mail due":    {sqlite.AnyMailDue, []any{0}, "outbox_next_at_idx"},
		"requested mail":  {sqlite.SelectRequested, []any{0, 10}, "outbox_due_idx (<expr>=? AND next_at<?)"},
		"notices":         {sqlite.SelectNotices, []any{0, 10}, "outbox_due_idx (<expr>=? AND next_at<?)"},
		"sent mail":       {sqlite.CountHour, []any{0, 0}, "outbox_ended_at_idx"},
		"leased mail":     {sqlite.CountHour, []any{0, 0}, "outbox_leased_until_idx"},
		"mails":           {sqlite.SelectMails, []any{"sent", 0, uuid.Nil, 10}, "outbox_state_idx"},
		"failed mails":    {sqlite.SelectFailedMail, []any{nil}, "outbox_state_idx"},
		"old mail":        {sqlite.DeleteOldMail, []any{0, 10}, "outbox_ended_at_idx"},
		"revocations":     {sqlite.DeleteOldRevocations, []any{0, 10}, "revocations_at_idx"},
	} {
		rows, err := db.Query("EXPLAIN QUERY PLAN "+statement.sql, statement.args...)
		if err != nil {
			t.Fatal(err)
		}
		plan := ""
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			plan += step + "\n"
			if table, scans := strings.CutPrefix(step, "SCAN "); scans && !small.MatchString(table) {
				t.Errorf("%s: %s", name, step)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, statement.index) {
			t.Errorf("%s does not use %s", name, statement.index)
		}
		if t.Failed() {
			t.Logf("%s:\n%s", name, plan)
		}
	}
}
