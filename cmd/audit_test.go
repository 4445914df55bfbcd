package cmd_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

// TestTheDocumentsTellOfEveryAction compares the table of docs/operating.md with the list of
// actions.
func TestTheDocumentsTellOfEveryAction(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(readFile(t, filepath.Join("..", "docs", "operating.md")), "| action | what happened |")
	section, _, _ = strings.Cut(section, "\n\n")
	var told, all []string
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(cells[1], -1) {
			told = append(told, m[1])
		}
	}
	for _, action := range store.Actions() {
		all = append(all, string(action))
	}
	slices.Sort(told)
	slices.Sort(all)
	if !slices.Equal(told, all) {
		t.Errorf("docs/operating.md tells of\n%v, there are\n%v", told, all)
	}
}

// TestARoleThatOnlyAddsToTheTrailServesAndCannotPrune revokes the rights as docs/operating.md
// does.
func TestARoleThatOnlyAddsToTheTrailServesAndCannotPrune(t *testing.T) {
	t.Parallel()
	revoke := regexp.MustCompile(`REVOKE UPDATE.*;`).FindString(readFile(t, filepath.Join("..", "docs", "operating.md")))
	ofOwner, ofServer := twoRoles(t)
	secret := "JWT_SECRET=" + randomSecret()
	owner := newProcess("authctl", t.TempDir(), "DATABASE_URL="+ofOwner, secret)
	owner.run(t, "migrate", "up")
	c, err := pgx.Connect(t.Context(), ofOwner)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	server, err := pgx.ParseConfig(ofServer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exec(t.Context(), strings.Replace(revoke, "auth_user", server.User, 1)); err != nil {
		t.Fatalf("%v: %q", err, revoke)
	}
	one := startServe(t, t.TempDir(), "DATABASE_URL="+ofServer, secret)
	alice := newGuest(one, "alice")
	alice.join(t)
	one.run(t, "user", "delete", "alice", "--yes")
	said, exit := one.fails(t, "audit", "prune", "--before", "0s", "--yes")
	if exit != 1 || !strings.Contains(said, "this role may not delete from audit_events") {
		t.Errorf("got exit %d, %s", exit, said)
	}
	if said := owner.run(t, "audit", "prune", "--before", "0s", "--yes", "-o", "json"); strings.Contains(said, `"deleted": 0`) {
		t.Errorf("the owner: %s", said)
	}
}

// TestALongTrailIsListedInTheMemoryOfAPage lists 60,000 events on both databases: all of them,
// and the few that no index finds. A soak test uses every output format.
func TestALongTrailIsListedInTheMemoryOfAPage(t *testing.T) {
	t.Parallel()
	many := 20_000
	if soaking() {
		many = 60_000
	}
	onBothDatabases(t, func(t *testing.T, environ ...string) {
		p := newProcess("authctl", t.TempDir(), append(environ, "GODEBUG=gctrace=1")...)
		p.run(t, "migrate", "up")
		statement := `
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %d)
INSERT INTO audit_events (at, action, actor, remote_addr, user_agent)
SELECT i / 7, 'authn_login_fail', 'anonymous', '192.0.' || (i %% 100) || '.' || (i %% 7), 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' FROM n`
		if !p.onSQLite() {
			statement = strings.Replace(statement, "SELECT i / 7", "SELECT to_timestamp(i / 7)", 1)
		}
		if err := execSQL(p.database(), fmt.Sprintf(statement, many)); err != nil {
			t.Fatal(err)
		}
		lists := map[string]int{
			"audit list --limit 0 -o ndjson":                              many,
			"audit list":                                                  101, // with the header
			"audit list --limit 2500 -o ndjson":                           2500,
			"audit list --limit 0 --address 192.0.7.0/24 -o ndjson":       many / 100,
			"audit list --limit 0 --action authn_login_success -o ndjson": 0,
		}
		if soaking() {
			maps.Copy(lists, map[string]int{
				"audit list --limit 0 -o yaml":                                        many,
				"audit list --limit 0 --address 192.0.0.0/16 -o ndjson":               many,
				"audit list --limit 0 --actor anonymous --until 2000-01-01 -o ndjson": many,
				"audit list --limit 0 --actor node -o ndjson":                         0,
			})
		}
		for command, want := range lists {
			got, heap := p.listed(t, strings.Fields(command)...)
			if got != want {
				t.Errorf("%s: got %d, want %d", command, got, want)
			}
			if heap > pageHeap() {
				t.Errorf("%s: has %d MiB of heap, want at most %d", command, heap>>20, pageHeap()>>20)
			}
		}
	})
}
