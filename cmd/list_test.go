package cmd

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite"
)

// TestTenThousandUsersAreListed reads every page. It checks the number and the order;
// BenchmarkUserList measures the time.
func TestTenThousandUsersAreListed(t *testing.T) {
	t.Parallel()
	environ := manyUsers(t, 10_000)
	out, said := runCommand(t, environ, "user", "list", "-o", "json")
	var users []userView
	if err := json.Unmarshal([]byte(out), &users); err != nil {
		t.Fatal(err)
	}
	if len(users) != 10_000 || said != "" {
		t.Errorf("got %d users, said %q", len(users), said)
	}
	for i, u := range users {
		if want := fmt.Sprintf("user-%05d", i); u.Username != want {
			t.Fatalf("user %d: got %s, want %s", i, u.Username, want)
		}
	}
	out, said = runCommand(t, environ, "user", "list", "-o", "ids", "--limit", "2500", "--after", "user-01000", "--search", "USER-0")
	if lines := strings.Count(out, "\n"); lines != 2500 || !strings.Contains(said, `--after "user-03500"`) {
		t.Errorf("got %d users, said %q", lines, said)
	}
}

func BenchmarkUserList(b *testing.B) {
	environ := manyUsers(b, 10_000)
	for b.Loop() {
		runCommand(b, environ, "user", "list", "-o", "json")
	}
}

// manyUsers creates a database with users, and returns the environment that selects it.
func manyUsers(t testing.TB, n int) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "authctl.db")
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const insert = `
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
INSERT INTO users (id, username, username_folded, created_at, password_changed_at)
SELECT printf('00000000-0000-8000-8000-%012x', i), printf('user-%05d', i), printf('user-%05d', i), 0, 0 FROM n`
	if _, err := db.Exec(insert, n); err != nil {
		t.Fatal(err)
	}
	return []string{"DATABASE_URL=sqlite:" + path}
}

func runCommand(t testing.TB, environ []string, args ...string) (out, said string) {
	t.Helper()
	var o, e strings.Builder
	if exit := execute(t.Context(), args, environ, strings.NewReader(""), &o, &e); exit != exitOK {
		t.Fatalf("authctl %s: exit code %d: %s", strings.Join(args, " "), exit, e.String())
	}
	return o.String(), e.String()
}

func TestNumbersAreGroupedAndNounsAgree(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 users", 1: "1 user", 999: "999 users", 1000: "1,000 users", 1234567: "1,234,567 users"} {
		if got := count(n, "user"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTablesAreHarmlessToTerminals(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	o := output{format: "table"}
	if err := o.print(&b, nil, table{header: []string{"A"}, rows: [][]string{{"x\x1b[31m\n"}}}, nil); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != "A\nx\uFFFD[31m\uFFFD\n" {
		t.Errorf("got %q", got)
	}
}

func TestProgressIsDrawnWhereTheEndIsKnown(t *testing.T) {
	t.Parallel()
	counted := authn.Counted{SessionCount: store.SessionCount{Sessions: 10}}
	ten := sessionCount{Counted: counted, whole: true}
	for _, tt := range []struct {
		done int64
		n    sessionCount
		want string
	}{
		{3, sessionCount{Counted: counted}, "deleted 3 dead rows"},
		{0, ten, "[" + strings.Repeat(".", 30) + "] deleted 0 dead rows"},
		{5, ten, "[" + strings.Repeat("#", 15) + strings.Repeat(".", 15) + "] deleted 5 dead rows"},
		{12, ten, "[" + strings.Repeat("#", 30) + "] deleted 12 dead rows"},
		{1, sessionCount{whole: true}, "deleted 1 dead row"},
	} {
		if got := sweepProgress(tt.done, tt.n); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
