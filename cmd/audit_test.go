package cmd_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

// TestTheDocumentsTellOfEveryAction compares the table of docs/operating.md with the list.
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

// TestARoleThatOnlyAddsToTheTrailServesAndCannotPrune takes the rights away as docs/operating.md
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
