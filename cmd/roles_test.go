package cmd_test

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store/storetest"
)

// grants returns the statements of docs/operating.md for the two roles, with the names of a
// database and roles replaced.
func grants(t *testing.T, database, owner, server string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "operating.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```sql\n(REVOKE ALL ON DATABASE.*?)```").FindSubmatch(text)
	if found == nil {
		t.Fatal("docs/operating.md has no grants")
	}
	return strings.NewReplacer("auth_db", database, "auth_owner", owner, "auth_user", server).Replace(string(found[1]))
}

// twoRoles creates an empty database with two roles: one owns the schema, the other only
// serves. It returns the URL of each.
func twoRoles(t *testing.T) (ofOwner, ofServer string) {
	t.Helper()
	suffix := hex.EncodeToString(func() []byte { id := uuid.New(); return id[:6] }())
	owner, server, password := "owner_"+suffix, "server_"+suffix, randomSecret()
	var made []string
	t.Cleanup(func() { // when the database is gone
		for _, role := range made {
			storetest.Execute(t, "DROP ROLE "+role)
		}
	})
	whole, err := url.Parse(storetest.EmptyPostgres(t))
	if err != nil {
		t.Fatal(err)
	}
	database := strings.TrimPrefix(whole.Path, "/")
	for _, role := range []string{owner, server} {
		storetest.Execute(t, fmt.Sprintf("CREATE ROLE %s LOGIN NOSUPERUSER PASSWORD '%s'", role, password))
		made = append(made, role)
	}
	storetest.Execute(t, fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", database, owner))
	c, err := pgx.Connect(t.Context(), whole.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if _, err := c.Exec(t.Context(), grants(t, database, owner, server)); err != nil {
		t.Fatal(err)
	}
	as := func(role string) string {
		of := *whole
		of.User = url.UserPassword(role, password)
		return of.String()
	}
	return as(owner), as(server)
}

// TestComposeGrantsWhatTheDocumentsSay compares docker-compose.yml with the documents. No role
// is a superuser, and no other machine can connect.
func TestComposeGrantsWhatTheDocumentsSay(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(grants(t, "auth_db", "auth_owner", "auth_user")) {
		if !strings.Contains(string(text), strings.TrimSpace(line)) {
			t.Errorf("docker-compose.yml lacks %s", line)
		}
	}
	for want, there := range map[string]bool{`- "127.0.0.1:8000:8000"`: true, "POSTGRES_USER": false, "--migrate": false, " SUPERUSER": false} {
		if strings.Contains(string(text), want) != there {
			t.Errorf("docker-compose.yml has %s: %t, want %t", want, !there, there)
		}
	}
}

// TestServersNeedNoMoreThanToReadAndWriteRows: one role owns the schema and migrates it.
// Servers and commands use another role, which may only read and change rows.
func TestServersNeedNoMoreThanToReadAndWriteRows(t *testing.T) {
	t.Parallel()
	ofOwner, ofServer := twoRoles(t)
	secret := "JWT_SECRET=" + randomSecret()
	migrator := newProcess("authctl", t.TempDir(), "DATABASE_URL="+ofOwner, secret)
	early := newProcess("authctl", t.TempDir(), "DATABASE_URL="+ofServer, secret)
	if said, exit := early.fails(t, "migrate", "up"); exit == 0 || !strings.Contains(said, "permission denied") {
		t.Errorf("the server's role may change the schema: %d, %s", exit, said)
	}
	migrator.run(t, "migrate", "up")

	one := startServe(t, t.TempDir(), "DATABASE_URL="+ofServer, secret, "AUTHCTL_JWT_ALGORITHM=EdDSA", "AUTHCTL_LOG_LEVEL=info")
	two := startServe(t, t.TempDir(), "DATABASE_URL="+ofServer, secret, "AUTHCTL_JWT_ALGORITHM=EdDSA")
	one.isReady(t)
	two.isReady(t)
	alice := newGuest(one, "alice")
	alice.join(t)
	for _, path := range []string{"/verify", "/profile", "/sessions"} {
		if got := alice.ask("GET", path, ""); got.status != http.StatusOK {
			t.Errorf("GET %s: got %v", path, got)
		}
	}
	if got := alice.renew(); got.status != http.StatusOK {
		t.Errorf("refresh: got %v", got)
	}
	if got := alice.ask("POST", "/login", `{"username":"alice","password":"is not this one"}`); got.status != http.StatusUnauthorized {
		t.Errorf("a wrong password: got %v", got)
	}
	for _, args := range [][]string{
		{"user", "create", "bob", "--generate"}, {"user", "list"}, {"user", "show", "bob"},
		{"user", "set-password", "bob", "--generate"}, {"user", "unlock", "bob"}, {"user", "disable", "bob"}, {"user", "enable", "bob"},
		{"user", "export"}, {"user", "delete", "bob", "--yes"},
		{"token", "list"}, {"node", "list"}, {"limits", "list"}, {"limits", "clear", "--yes"},
		{"key", "list"}, {"key", "rotate", "--publish-for", "0s"}, {"migrate", "status"},
		{"token", "revoke-all", "--everyone", "--yes", "--reason", "a test"},
	} {
		one.run(t, args...) // fails the test
	}
	for _, p := range []*process{one, two} { // both have confirmed
		alice.url = p.url
		if got := alice.ask("GET", "/verify", ""); got.status != http.StatusUnauthorized {
			t.Errorf("after the revocation, at %s: got %v", p.url, got)
		}
	}
	for _, p := range []*process{one, two} {
		if said := p.said(t); strings.Contains(said, "permission denied") || strings.Contains(said, "listener lost") {
			t.Errorf("the log says %s", said)
		}
	}
	c, err := pgx.Connect(t.Context(), ofServer)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	for _, statement := range []string{
		"DROP TABLE users", "ALTER TABLE users ADD COLUMN x INT", "CREATE TABLE x (y INT)", "TRUNCATE users CASCADE", "CREATE TEMPORARY TABLE x (y INT)",
		"CREATE SCHEMA x", "CREATE ROLE x", "COPY users TO PROGRAM 'true'",
	} {
		if _, err := c.Exec(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "42501") {
			t.Errorf("%s: got %v, want it to be refused", statement, err)
		}
	}
}
