package storetest

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Start starts the server and waits until it accepts connections.
func (c *Cluster) Start(t testing.TB) {
	t.Helper()
	c.launch(t)
	if err := awaitServer(c.URL("postgres")); err != nil {
		said, _ := os.ReadFile(c.log())
		t.Fatalf("start PostgreSQL: %v: %s", err, said)
	}
}

// StartAgain starts a server that may have ended by itself, after ending its remaining processes.
func (c *Cluster) StartAgain(t testing.TB) {
	t.Helper()
	c.Kill(t)
	c.Start(t)
}

// launch starts the server and does not wait for it.
func (c *Cluster) launch(t testing.TB) {
	t.Helper()
	log, err := os.OpenFile(c.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	c.process = c.Program("postgres", "-D", c.data(), "-k", c.dir, "-h", "", "-p", "5432")
	c.process.SysProcAttr.Setpgid = true // an interrupt at the terminal must not reach the server
	c.process.Stdout, c.process.Stderr = log, log
	if err := c.process.Start(); err != nil {
		t.Fatal(err)
	}
	process, ended := c.process, make(chan struct{})
	c.ended = ended
	go func() { process.Wait(); close(ended) }()
}

// Stop shuts the server down cleanly (pg_ctl stop -m fast). The standbys have every commit, and the
// clients receive an error.
func (c *Cluster) Stop(t testing.TB) {
	t.Helper()
	c.process.Process.Signal(os.Interrupt)
	c.awaitEnd(t)
}

// Kill ends every process of the server with SIGKILL.
func (c *Cluster) Kill(t testing.TB) {
	t.Helper()
	c.signal(syscall.SIGKILL)
	c.awaitEnd(t)
	os.Remove(filepath.Join(c.data(), "postmaster.pid")) // another process may get the same process id
}

func (c *Cluster) awaitEnd(t testing.TB) {
	t.Helper()
	select {
	case <-c.ended:
		c.process = nil
	case <-time.After(time.Minute):
		t.Fatal("PostgreSQL does not end")
	}
}

// Freeze stops every process of the server with SIGSTOP. The connections stay open, and the server
// does not answer.
func (c *Cluster) Freeze() { c.signal(syscall.SIGSTOP) }

// Thaw resumes a frozen server.
func (c *Cluster) Thaw() { c.signal(syscall.SIGCONT) }

// Set changes a setting of the running server and reloads its configuration.
func (c *Cluster) Set(t testing.TB, name, value string) {
	t.Helper()
	c.Exec(t, "postgres", "ALTER SYSTEM SET "+name+" = "+value)
	c.Exec(t, "postgres", "SELECT pg_reload_conf()")
}
