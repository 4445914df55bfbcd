package cmd_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authctl/authctl/store/storetest"
)

// process is a real `authctl serve`, on a port of its own.
type process struct {
	binary  string
	dir     string
	environ []string
	url     string
	log     string // the file of what it says
	command *exec.Cmd
	ended   chan struct{}
}

// startServe runs `authctl serve` in a folder until the test ends, with these variables in
// addition to those of every test.
func startServe(t testing.TB, dir string, environ ...string) *process {
	t.Helper()
	p := newProcess("authctl", dir, environ...)
	p.start(t)
	return p
}

// newProcess prepares what startServe runs, of any binary.
func newProcess(binary, dir string, environ ...string) *process {
	return &process{binary: binary, dir: dir, ended: make(chan struct{}), environ: append([]string{
		"PATH=" + os.Getenv("PATH"), "AUTHCTL_ENVIRONMENT=development", "AUTHCTL_LOG_LEVEL=warn", "AUTHCTL_LIMITS_ENABLED=false",
		"AUTHCTL_SERVER_PORT=0", "AUTHCTL_SERVER_ADMIN_LISTEN=127.0.0.1:0", "GORACE=atexit_sleep_ms=0",
	}, environ...)}
}

// start runs `serve` until the test ends, and returns when it listens.
func (p *process) start(t testing.TB) {
	t.Helper()
	said, err := os.Create(filepath.Join(t.TempDir(), "serve.log"))
	if err != nil {
		t.Fatal(err)
	}
	listening := &listener{w: said, found: make(chan string, 1)}
	p.log = said.Name()
	p.command = p.prepare("serve")
	p.command.Stderr = listening
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.command.Wait(); close(p.ended) }()
	t.Cleanup(func() {
		p.kill(t)
		said.Close()
		if strings.Contains(p.said(t), "DATA RACE") {
			t.Error("serve has a data race")
		}
		keepsSecrets(t, p.said(t), p.dir, p.environ)
		if t.Failed() {
			t.Logf("serve said: %s", p.said(t))
		}
	})
	select {
	case p.url = <-listening.found:
	case <-p.ended:
		t.Fatalf("serve ended: %s", p.said(t))
	case <-time.After(2 * time.Minute):
		t.Fatalf("serve does not listen: %s", p.said(t))
	}
}

// onBothDatabases runs a test on a SQLite file and on PostgreSQL, with the variables that
// select the database for as many servers as the test starts.
func onBothDatabases(t *testing.T, story func(t *testing.T, environ ...string)) {
	t.Helper()
	onBoth(t, storetest.Postgres, story)
}

// onBothEmptyDatabases is onBothDatabases with databases without tables.
func onBothEmptyDatabases(t *testing.T, story func(t *testing.T, environ ...string)) {
	t.Helper()
	onBoth(t, storetest.EmptyPostgres, story)
}

func onBoth(t *testing.T, postgres func(testing.TB) string, story func(t *testing.T, environ ...string)) {
	t.Helper()
	for name, database := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + filepath.Join(t.TempDir(), "authctl.db") },
		"postgres": func() string { return postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, "DATABASE_URL="+database(), "JWT_SECRET="+randomSecret())
		})
	}
}

// said returns the output of the server so far.
func (p *process) said(t testing.TB) string { return readFile(t, p.log) }

// eventually waits for a condition.
func eventually(t testing.TB, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come about")
		}
	}
}

func (p *process) prepare(args ...string) *exec.Cmd {
	c := exec.Command(p.binary, args...)
	c.Dir, c.Env = p.dir, p.environ
	return c
}

// run runs another command on the same database. The command must succeed. run returns its
// output.
func (p *process) run(t testing.TB, args ...string) string {
	t.Helper()
	var said strings.Builder
	c := p.prepare(args...)
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		t.Fatalf("authctl %s: %v: %s", strings.Join(args, " "), err, said.String())
	}
	return string(out)
}

// fails runs a command that must fail, and returns its output and its exit code.
func (p *process) fails(t testing.TB, args ...string) (said string, exit int) {
	t.Helper()
	out, err := p.prepare(args...).CombinedOutput()
	failed, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatalf("authctl %s: got %v, want it to fail: %s", strings.Join(args, " "), err, out)
	}
	return string(out), failed.ExitCode()
}

// kill ends the server with SIGKILL.
func (p *process) kill(t testing.TB) {
	t.Helper()
	p.command.Process.Signal(syscall.SIGKILL)
	<-p.ended
}

// call sends a request, requires a status, and returns the body.
func call(t testing.TB, c *http.Client, method, url, body string, header http.Header, status int) string {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range header {
		req.Header[name] = values // as it is spelt
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status {
		t.Errorf("%s %s: got %s, want %d: %s", method, url, resp.Status, status, answer)
	}
	return string(answer)
}
