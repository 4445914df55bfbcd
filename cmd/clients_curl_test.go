package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCurlSamples types the commands of docs/clients.md.
func TestCurlSamples(t *testing.T) {
	soak(t)
	n := newNative(t)
	dir := t.TempDir()
	printedFiles(t, "clients.md", "curl", dir, strings.NewReplacer("https://login.example.com", n.url))
	types := func(script string, exit int, want string, environ ...string) {
		t.Helper()
		c := exec.Command("sh", script+".sh")
		c.Dir, c.Env = dir, append(os.Environ(), environ...)
		said, _ := c.CombinedOutput()
		if got := c.ProcessState.ExitCode(); got != exit || !strings.Contains(string(said), want) {
			t.Errorf("%s: exit code %d, %s; want %d, %s", script, got, said, exit, want)
		}
	}
	const refused = 22 // by the server, says curl --fail-with-body

	types("login", refused, "", "USERNAME=alice", "PASSWORD=another password")
	types("login", 0, "", "USERNAME=alice", "PASSWORD="+guestPassword)
	types("call", 0, `"username":"alice"`)
	n.authctl.run(t, "user", "set", "alice", "--role", "editor")
	types("call", refused, "token_expired")
	types("refresh", 0, "")
	types("call", 0, `"roles":["editor"]`)
	if info, err := os.Stat(filepath.Join(dir, "session.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the session's file: %v, %v", info, err)
	}
	n.authctl.run(t, "token", "revoke-all", "--everyone", "--yes")
	types("call", refused, "session_revoked")
	types("refresh", refused, "")
	types("login", 0, "", "USERNAME=alice", "PASSWORD="+guestPassword)
	types("logout", 0, "")
	if sessions := n.authctl.run(t, "token", "list", "-o", "ids"); sessions != "" {
		t.Errorf("sessions are left: %s", sessions)
	}
}
