package cmd

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// stopper is a standard error that cancels the command after its first output.
type stopper struct {
	strings.Builder
	text string
	stop func()
}

// Write implements io.Writer.
func (s *stopper) Write(b []byte) (int, error) {
	if strings.Contains(string(b), s.text) {
		s.stop()
	}
	return s.Builder.Write(b)
}

// TestAPruneThatIsInterruptedKeepsWhatItHasDoneAndSaysSo interrupts the command at its first
// line of progress, like Ctrl-C.
func TestAPruneThatIsInterruptedKeepsWhatItHasDoneAndSaysSo(t *testing.T) {
	t.Parallel()
	const many = 5000
	environ := manyUsers(t, 1)
	db, err := sql.Open("sqlite", strings.TrimPrefix(environ[0], "DATABASE_URL=sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const insert = `
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
INSERT INTO audit_events (at, action, actor) SELECT i, 'authn_login_fail', 'anonymous' FROM n`
	if _, err := db.Exec(insert, many); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var out strings.Builder
	said := &stopper{text: "deleted 1,000 events of 5000", stop: stop}
	exit := execute(ctx, []string{"audit", "prune", "--before", "2026-01-01", "--yes"}, environ, strings.NewReader(""), &out, said)
	if want := "stopped after permanently deleting 1,000 events from "; exit != exitInterrupted || !strings.Contains(said.String(), want) {
		t.Errorf("got exit code %d, %s", exit, said.String())
	}
	var left, told int
	if err := db.QueryRow(`SELECT count(*) FILTER (WHERE action = 'authn_login_fail'), count(*) FILTER (WHERE action = 'audit_pruned') FROM audit_events`).Scan(&left, &told); err != nil {
		t.Fatal(err)
	}
	if left != many-1000 || told != 1 {
		t.Errorf("%d events are left, and %d tell of the prune", left, told)
	}
	_, rest := runCommand(t, environ, "audit", "prune", "--before", "2026-01-01", "--yes")
	if got := regexp.MustCompile(`deleted [\d,]+ events of \d+`).FindAllString(rest, -1); len(got) != 3 || !strings.Contains(rest, fmt.Sprintf("deleted %s from ", count(many-1000, "event"))) {
		t.Errorf("the rest: %s", rest)
	}
}
