package storetest

import (
	"os"
	"path/filepath"
	"strconv"
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

// KillBackend ends one process with SIGKILL that serves authctl in a database, if possible one that
// has a statement under way. The server then ends all others, recovers, and accepts connections
// again. KillBackend does not wait for that.
func (c *Cluster) KillBackend(t testing.TB, database string) {
	t.Helper()
	pid, err := strconv.Atoi(c.Text(t, database, `
SELECT pid FROM pg_stat_activity WHERE application_name = 'authctl' AND datname = current_database() ORDER BY state = 'active' DESC LIMIT 1`))
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err != nil {
		t.Fatalf("kill a backend: %v", err)
	}
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
