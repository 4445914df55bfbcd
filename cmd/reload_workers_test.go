package cmd_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The additional threads of password hashing are no processors.
func TestAReloadAfterSignInsKeepsTheNumberOfHashesAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	configure := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "authctl.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure("password: {argon2: {memory: 4MiB}}\n")
	p := startServe(t, dir, "AUTHCTL_LOG_LEVEL=info")
	const alice = `{"username":"alice","password":"a password for scripts"}`
	before := p.metric(t, "authctl_password_hash_workers")
	call(t, http.DefaultClient, http.MethodPost, p.url+"/register", alice, nil, http.StatusCreated)
	configure("password: {argon2: {memory: 5MiB}}\n")
	p.command.Process.Signal(syscall.SIGHUP)
	eventually(t, func() bool { return strings.Contains(p.said(t), "configuration reloaded") })
	if after := p.metric(t, "authctl_password_hash_workers"); after != before {
		t.Errorf("%v hashes at once before the reload and %v after it", before, after)
	}
}
