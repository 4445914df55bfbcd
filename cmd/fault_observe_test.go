package cmd_test

import (
	"errors"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// soak skips a long test if AUTHCTL_TEST_SOAK is not set.
func soak(t *testing.T) {
	t.Helper()
	if !soaking() {
		t.Skip("AUTHCTL_TEST_SOAK is not set")
	}
	t.Parallel()
}

// hasRead waits until a server has read the revocations again.
func (p *process) hasRead(t testing.TB) {
	t.Helper()
	at := float64(time.Now().UnixMicro()) / 1e6
	eventually(t, func() bool { return p.metric(t, "authctl_revocation_feed_last_contact_timestamp_seconds") > at })
}

var adminURL = regexp.MustCompile(`(?:metrics on |"metrics":")(http://[^\s"]+)`)

// metric returns the value of one of the server's metrics.
func (p *process) metric(t testing.TB, name string) float64 {
	t.Helper()
	found := adminURL.FindStringSubmatch(p.said(t))
	if found == nil {
		t.Fatalf("it does not say where its metrics are: %s", p.said(t))
	}
	for line := range strings.Lines(call(t, http.DefaultClient, "GET", found[1], "", nil, http.StatusOK)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

// revokes runs token revoke-all for a user. It returns whether the command claims that all
// servers confirmed. The command may deny that, but must not fail otherwise.
func (p *process) revokes(t testing.TB, username string) (claimed bool) {
	t.Helper()
	out, err := p.prepare("token", "revoke-all", "--user", username, "--yes", "--wait", "10s", "-o", "json").CombinedOutput()
	failed, _ := errors.AsType[*exec.ExitError](err)
	if err != nil && (failed == nil || failed.ExitCode() != 7) {
		t.Fatalf("revoke-all: %v: %s", err, out)
	}
	if claimed = err == nil; claimed && !strings.Contains(string(out), "effective on 1 of 1 node") {
		t.Errorf("revoke-all: got %s", out)
	}
	return claimed
}

// terminate sends the server SIGTERM and waits for its end.
func (p *process) terminate(t testing.TB) {
	t.Helper()
	p.command.Process.Signal(syscall.SIGTERM)
	p.awaitEnd(t)
}

func (p *process) awaitEnd(t testing.TB) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		t.Fatal("serve does not end")
	}
}
