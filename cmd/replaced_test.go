package cmd_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/store/storetest"
)

// TestAReplacedDatabaseStopsItsServer replaces the file of a busy server. The server must end
// by itself with exit code 1 and name the file. It must have acknowledged nothing afterwards.
func TestAReplacedDatabaseStopsItsServer(t *testing.T) {
	t.Parallel()
	for name, replace := range map[string]func(path, other string) error{
		"by mv":                 func(path, other string) error { return os.Rename(other, path) },
		"without its log":       func(path, _ string) error { return os.Remove(path + "-wal") },
		"by a copy":             copyOver,
		"with all in its place": func(path, _ string) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+".old") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "data", "authctl.db")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			p := startServe(t, t.TempDir(), "DATABASE_URL=sqlite:"+path, "JWT_SECRET="+randomSecret())
			c := newClient(p, "alice")
			call(t, &c.Client, "POST", p.url+"/register", c.account(), nil, http.StatusCreated)
			c.signIn(t)
			if resp, err := c.send("GET", "/verify", ""); err != nil || resp.StatusCode != http.StatusNoContent && resp.StatusCode != http.StatusOK {
				t.Fatalf("verify: got %v, %v", resp, err)
			}
			if err := replace(path, storetest.SQLite(t)); err != nil {
				t.Fatal(err)
			}
			if name != "by a copy" { // which only the watch can tell
				if resp, err := c.send("POST", "/refresh", ""); err == nil && resp.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("refresh: got %s, want 503", resp.Status)
				}
			}
			select {
			case <-p.ended:
			case <-time.After(2 * time.Minute):
				t.Fatal("it does not end")
			}
			if code := p.command.ProcessState.ExitCode(); code != 1 {
				t.Errorf("it ended with %d, want 1", code)
			}
			for _, want := range []string{path, "while the database was open", "hint: stop every process that has the database open"} {
				if !strings.Contains(p.said(t), want) {
					t.Errorf("it does not say %q: %s", want, p.said(t))
				}
			}
		})
	}
}

func copyOver(path, other string) error {
	whole, err := os.ReadFile(other)
	if err != nil {
		return err
	}
	return os.WriteFile(path, whole, 0o600)
}

// TestAReplacedDatabaseFailsAnImport replaces the file between two batches.
func TestAReplacedDatabaseFailsAnImport(t *testing.T) {
	t.Parallel()
	path, other := storetest.SQLite(t), storetest.SQLite(t)
	p := &process{dir: t.TempDir(), binary: "authctl", environ: []string{"DATABASE_URL=sqlite:" + path, "GORACE=atexit_sleep_ms=0"}}
	c := p.prepare("user", "import", "-")
	var talk said
	c.Stdout, c.Stderr = &talk, &talk
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for i := range 1500 {
		fmt.Fprintf(in, `{"id":"00000000-0000-4000-8000-%012d","username":"user%d","created_at":"2026-01-01T00:00:00Z"}`+"\n", i, i)
	}
	eventually(t, func() bool { return strings.Contains(p.run(t, "user", "list", "--limit", "1"), "user") })
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	io.WriteString(in, `{"id":"00000000-0000-4000-8001-000000000000","username":"last","created_at":"2026-01-01T00:00:00Z"}`+"\n")
	in.Close()
	c.Wait()
	if code := c.ProcessState.ExitCode(); code != 1 || !strings.Contains(talk.String(), path+" was replaced by another file") {
		t.Errorf("it ended with %d: %s", code, talk.String())
	}
}

// said is the output of a process, for tests that read it while the process runs.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
