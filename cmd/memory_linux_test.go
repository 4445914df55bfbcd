package cmd_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// Before a sign-in, after it, and a minute later.
func TestTheMemoryOfHashesReturnsToTheSystemAfterAMinute(t *testing.T) {
	t.Parallel()
	if !soaking() {
		t.Skip("it waits for a minute: set AUTHCTL_TEST_SOAK")
	}
	const hash = 64 << 20 // the default cost
	p := startServe(t, t.TempDir(), "AUTHCTL_ENVIRONMENT=production")
	const kept = "authctl_password_hash_memory_kept_bytes"
	if p.metric(t, kept) != 0 {
		t.Fatal("memory is kept before the first hash")
	}
	before := p.resident(t)
	call(t, http.DefaultClient, http.MethodPost, p.url+"/register", `{"username":"alice","password":"a password for scripts"}`, nil, http.StatusCreated)
	if p.metric(t, kept) == 0 {
		t.Skip("this processor has no implementation of ours, so no memory is kept")
	}
	after := p.resident(t)
	if after < before+hash/4*3 {
		t.Errorf("%d bytes are resident before a hash and %d after it: it has left no memory to give back", before, after)
	}
	for deadline := time.Now().Add(2 * time.Minute); p.metric(t, kept) != 0; time.Sleep(time.Second) {
		if time.Now().After(deadline) {
			t.Fatal("the memory is kept for more than two minutes")
		}
	}
	if later := p.resident(t); later > before+hash/4 {
		t.Errorf("%d bytes are resident before a hash and %d when its memory was given back", before, later)
	}
}

var residentLine = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

// resident returns the bytes of the process that are in memory (proc_pid_status(5)).
func (p *process) resident(t testing.TB) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	found := residentLine.FindSubmatch(status)
	if found == nil {
		t.Fatalf("no VmRSS in %s", status)
	}
	kibibytes, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kibibytes << 10
}
