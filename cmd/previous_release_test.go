package cmd_test

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// firstToSuit is the first schema whose binaries read the minimum version of a newer schema.
const firstToSuit = 6

// TestThePreviousReleaseServesTheNewestSchema builds the commit before the latest migration.
// It runs that binary on a database that it has created and this one has migrated.
func TestThePreviousReleaseServesTheNewestSchema(t *testing.T) {
	t.Parallel()
	if !soaking() {
		t.Skip("it builds another authctl: set AUTHCTL_TEST_SOAK")
	}
	binary := buildPrevious(t)
	onBothEmptyDatabases(t, func(t *testing.T, environ ...string) {
		dir := t.TempDir()
		now, before := newProcess("authctl", dir, environ...), newProcess(binary, dir, environ...)
		before.run(t, "migrate", "up")
		now.run(t, "migrate", "up")
		schema, knows := now.schema(t), before.schema(t).Latest
		switch {
		case schema.Latest == knows:
			servesBeside(t, before, now)
		case knows < firstToSuit:
			t.Logf("it knows version %d, from before a schema said whom it suits: it must refuse", knows)
			before.refuses(t, "newer than")
		case schema.MinVersion > knows:
			t.Logf("it knows version %d and the schema suits %d or newer: it must refuse", knows, schema.MinVersion)
			before.refuses(t, "binaries that know version")
		default:
			servesBeside(t, before, now)
			if said, exit := before.fails(t, "migrate", "down", "--yes"); exit != 1 || !strings.Contains(said, "newer than") {
				t.Errorf("migrate down: exit code %d: %s", exit, said)
			}
		}
	})
}

// servesBeside runs the previous release alone, then beside this one if the database allows
// two servers, and ends every session.
func servesBeside(t *testing.T, before, now *process) {
	t.Helper()
	const account = `{"username":"alice","password":"a password for scripts"}`
	jar, _ := cookiejar.New(nil) // never fails
	alice := &http.Client{Jar: jar}
	before.start(t)
	call(t, alice, "GET", before.url+"/readyz", "", nil, http.StatusOK)
	call(t, alice, "POST", before.url+"/register", account, nil, http.StatusCreated)
	call(t, alice, "POST", before.url+"/login", account, nil, http.StatusOK)
	call(t, alice, "POST", before.url+"/refresh", "", nil, http.StatusOK)
	servers := []*process{before}
	if !now.onSQLite() {
		now.start(t)
		servers = append(servers, now)
		for _, p := range []*process{now, before} {
			call(t, alice, "POST", p.url+"/refresh", "", nil, http.StatusOK)
		}
	}
	before.run(t, "migrate", "up")
	before.run(t, "user", "create", "bob", "--generate")
	givesRoles(t, before, now, alice)
	var ended struct {
		Sessions int64 `json:"sessions"`
		Nodes    struct{ Total, Confirmed int }
	}
	if err := json.Unmarshal([]byte(before.run(t, "token", "revoke-all", "--everyone", "--yes", "-o", "json")), &ended); err != nil {
		t.Fatal(err)
	}
	if ended.Sessions != 1 || ended.Nodes.Total != len(servers) || ended.Nodes.Confirmed != len(servers) {
		t.Errorf("revoke-all: got %+v, want 1 session and %d nodes", ended, len(servers))
	}
	for _, p := range servers {
		call(t, alice, "GET", p.url+"/profile", "", nil, http.StatusUnauthorized)
	}
	before.kill(t)
	if now.onSQLite() {
		now.start(t)
	}
	call(t, alice, "GET", now.url+"/profile", "", nil, http.StatusUnauthorized)
	call(t, alice, "POST", now.url+"/login", account, nil, http.StatusOK)
}

// firstWithRights is the first schema whose binaries know roles.
const firstWithRights = 21

// givesRoles changes what alice may do. A previous release that does not know roles goes on as if
// nothing had changed.
func givesRoles(t *testing.T, before, now *process, alice *http.Client) {
	t.Helper()
	now.run(t, "user", "set", "alice", "--role", "admin", "--claim", "plan=pro")
	told := http.StatusOK
	if before.schema(t).Latest >= firstWithRights {
		told = http.StatusUnauthorized
	}
	call(t, alice, "GET", before.url+"/profile", "", nil, told)
	if !now.onSQLite() {
		call(t, alice, "GET", now.url+"/profile", "", nil, http.StatusUnauthorized)
		call(t, alice, "POST", now.url+"/refresh", "", nil, http.StatusOK)
		call(t, alice, "GET", now.url+"/verify?role=admin", "", nil, http.StatusOK)
	}
	call(t, alice, "POST", before.url+"/refresh", "", nil, http.StatusOK)
	call(t, alice, "GET", before.url+"/profile", "", nil, http.StatusOK)
	call(t, alice, "GET", before.url+"/readyz", "", nil, http.StatusOK)
}

func (p *process) onSQLite() bool {
	return strings.Contains(strings.Join(p.environ, "\n"), "DATABASE_URL=sqlite:")
}

// refuses checks that no command starts, and that each says why.
func (p *process) refuses(t *testing.T, why string) {
	t.Helper()
	for _, args := range [][]string{{"serve"}, {"user", "list"}, {"token", "revoke-all", "--everyone", "--yes"}} {
		if said, exit := p.fails(t, args...); exit != 1 || !strings.Contains(said, why) {
			t.Errorf("%s: got exit code %d, want 1 and %q: %s", args, exit, why, said)
		}
	}
}

type schemaStatus struct {
	Latest     int64
	MinVersion int64 `json:"min_version"`
}

// schema returns the output of migrate status, whatever its exit code.
func (p *process) schema(t *testing.T) (s schemaStatus) {
	t.Helper()
	printed, err := p.prepare("migrate", "status", "-o", "json").Output()
	if badJSON := json.Unmarshal(printed, &s); badJSON != nil {
		t.Fatalf("migrate status: %v, %v: %s", err, badJSON, printed)
	}
	return s
}

// buildPrevious builds the commit before the one that last changed a migration, or HEAD if
// that change is not committed. It returns the binary. Without git, or without the history, it
// skips the test.
func buildPrevious(t *testing.T) string {
	t.Helper()
	git := func(args ...string) (string, error) {
		c := exec.Command("git", append([]string{"-C", ".."}, args...)...)
		c.Stderr = &strings.Builder{}
		out, err := c.Output()
		if err != nil {
			t.Logf("git %s: %v: %s", strings.Join(args, " "), err, c.Stderr)
		}
		return strings.TrimSpace(string(out)), err
	}
	files := []string{"--", "migrations/postgres", "migrations/sqlite"}
	changed, err := git(append([]string{"status", "--porcelain"}, files...)...)
	if err != nil {
		t.Skip("there is no git, or this is no git checkout: there is no previous release to build")
	}
	commit := "HEAD"
	if changed == "" {
		last, err := git(append([]string{"log", "-1", "--diff-filter=A", "--format=%H"}, files...)...)
		if err != nil || last == "" {
			t.Skip("the history does not say when a migration was added: there is no previous release to build")
		}
		commit = last + "^"
	}
	dir := t.TempDir()
	source := filepath.Join(dir, "source.tar")
	if _, err := git("archive", "--format=tar", "-o", source, commit+"^{tree}"); err != nil {
		t.Skip("the history ends before the latest migration (a shallow clone?): there is no previous release to build")
	}
	binary, folder := filepath.Join(dir, "authctl"), filepath.Join(dir, "source")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*exec.Cmd{exec.Command("tar", "-xf", source, "-C", folder), exec.Command("go", "build", "-C", folder, "-buildvcs=false", "-o", binary, ".")} {
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", c, err, out)
		}
	}
	return binary
}
