package cmd_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// commandLine is the program of docs/apps.md, for a user with a home of its own.
type commandLine struct {
	dir string
}

func newCommandLine(t *testing.T, s *site) *commandLine {
	t.Helper()
	p := &commandLine{dir: t.TempDir()}
	printedFiles(t, "apps.md", "cli", p.dir, strings.NewReplacer("https://example.com", s.url))
	return p
}

func (p *commandLine) command(args ...string) *exec.Cmd {
	c := exec.Command("python3", append([]string{filepath.Join(p.dir, "orders.py")}, args...)...)
	c.Env = append(os.Environ(), "XDG_STATE_HOME="+p.dir)
	return c
}

// types runs a command, with a password on standard input.
func (p *commandLine) types(t *testing.T, password, want string, exit int, args ...string) {
	t.Helper()
	c := p.command(args...)
	c.Stdin = strings.NewReader(password + "\n")
	said, _ := c.CombinedOutput()
	if got := c.ProcessState.ExitCode(); got != exit || !strings.Contains(string(said), want) {
		t.Errorf("orders %s: exit code %d, %s; want %d, %s", args, got, said, exit, want)
	}
}

func (p *commandLine) session() string { return filepath.Join(p.dir, "orders", "session.json") }

// tokens returns what the program has stored.
func (p *commandLine) tokens(t *testing.T) (stored struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}) {
	t.Helper()
	if err := json.Unmarshal([]byte(readFile(t, p.session())), &stored); err != nil {
		t.Fatal(err)
	}
	return stored
}

// TestAppOnTheCommandLine has the command-line program call the Express sample.
func TestAppOnTheCommandLine(t *testing.T) {
	t.Parallel()
	app := expressApp
	app.settings = "cli/clients.yaml"
	s := newSite(t, app)
	s.signIn(t, s.visitor(t), "alice")
	p := newCommandLine(t, s)

	p.types(t, "", "sign in first", 1, "list")
	p.types(t, "another password", "username or password is wrong", 1, "login", "alice")
	p.types(t, guestPassword, "", 0, "login", "alice")
	p.types(t, "", "apples\npears\n", 0, "list")
	if info, err := os.Stat(p.session()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the session's file: %v, %v", info, err)
	}

	// Its access token has expired, and ten processes find out.
	past, first := s.signedInAnHourAgo(t, "alice").AccessToken, p.tokens(t)
	put(t, p.session(), strings.Replace(readFile(t, p.session()), first.Access, past, 1))
	before := s.refreshes.Load()
	done := make(chan error)
	for range 10 {
		go func() { done <- p.command("list").Run() }()
	}
	for range 10 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := s.refreshes.Load() - before; n != 1 {
		t.Errorf("ten processes refreshed %d times, want once", n)
	}
	if got := p.tokens(t); got.Refresh == first.Refresh || got.Access == past {
		t.Error("the new tokens are not stored")
	}

	put(t, p.session(), strings.Replace(readFile(t, p.session()), p.tokens(t).Access, past, 1))
	s.authctl.run(t, "token", "revoke-all", "--everyone", "--yes")
	p.types(t, "", "sign in first", 1, "list")
	p.types(t, guestPassword, "", 0, "login", "alice")
	p.types(t, "", "", 0, "logout")
	if _, err := os.Stat(p.session()); !os.IsNotExist(err) {
		t.Error("tokens are kept after signing out")
	}
	if sessions := s.authctl.run(t, "token", "list", "-o", "ids"); sessions != "" {
		t.Errorf("sessions are left: %s", sessions)
	}
	p.types(t, "", "usage: ", 1)
}
