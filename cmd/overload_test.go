package cmd_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestLoginsCannotExhaustTheMemory: 500 clients sign in repeatedly, and the test reads the
// maximum memory of the server's process from the system.
func TestLoginsCannotExhaustTheMemory(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("only Linux tells how much memory a process took")
	}
	if raceDetector() {
		t.Skip("the race detector takes memory of its own")
	}
	const budget, clients = 128 << 10, 500 // KiB: two hashes
	p := startServe(t, t.TempDir(), "AUTHCTL_HASHING_MEMORY_BUDGET=128MiB", "AUTHCTL_HASHING_WORKERS=4",
		"AUTHCTL_PASSWORD_ARGON2_MEMORY=64MiB", "AUTHCTL_PASSWORD_ARGON2_ITERATIONS=1", "AUTHCTL_LOG_LEVEL=error")
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	long := time.Second
	if soaking() {
		long = 3 * time.Second
	}
	together := func(path string, allowed ...int) (refused int64) {
		var n atomic.Int64
		var all sync.WaitGroup
		until := time.Now().Add(long)
		for range clients {
			all.Go(func() {
				for first := true; first || time.Now().Before(until); first = false {
					status := post(t, c, p.url+path, `{"username":"nobody","password":"a password for scripts"}`)
					if !slices.Contains(allowed, status) && !t.Failed() {
						t.Errorf("%s: got %d, want one of %v", path, status, allowed)
					}
					if status == http.StatusServiceUnavailable {
						n.Add(1)
					}
				}
			})
		}
		all.Wait()
		return n.Load()
	}
	together("/logout", http.StatusBadRequest) // the connections have their cost, too
	base := p.memory(t, "VmRSS")
	if refused := together("/login", http.StatusUnauthorized, http.StatusServiceUnavailable); refused == 0 {
		t.Error("nobody was refused")
	}
	peak := p.memory(t, "VmHWM")
	t.Logf("base %d KiB, peak %d KiB, budget %d KiB", base, peak, budget)
	if most := base + budget*5/4; peak > most {
		t.Errorf("the process took %d KiB, want at most %d", peak, most)
	}
}

// raceDetector reports whether this test binary was built with -race, and so the server that
// it runs.
func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// post returns the status of the answer, or 0.
func post(t *testing.T, c *http.Client, url, body string) int {
	resp, err := c.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// memory returns a line of /proc/PID/status, in KiB.
func (p *process) memory(t *testing.T, name string) int {
	t.Helper()
	status := readFile(t, fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	for line := range strings.Lines(status) {
		if value, found := strings.CutPrefix(line, name+":"); found {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s in %s", name, status)
	return 0
}
