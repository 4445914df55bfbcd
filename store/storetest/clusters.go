package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	neturl "net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Cluster is a PostgreSQL server of one test, which the test may kill, freeze, copy and promote.
// Unlike the server of [Postgres] it commits as a production server does: an acknowledged commit
// survives the death of its processes.
type Cluster struct {
	dir     string // holds data, the socket and the log
	process *exec.Cmd
	ended   chan struct{} // closed when process has ended
}

// clusterSettings is the end of the postgresql.conf of every [Cluster]. The data need not survive a
// crash of the machine, so the server syncs nothing to the disk unless [Disks] says so.
const clusterSettings = `
fsync = off
max_connections = 100
shared_buffers = 32MB
wal_keep_size = 64MB
wal_retrieve_retry_interval = 200ms
logging_collector = off
log_line_prefix = '%m [%p] '
log_min_error_statement = panic
`

// NewCluster starts a cluster that ends with the test. Without PostgreSQL the test is skipped, or
// fails if CI is set.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	return NewClusterOn(t, Disks{})
}

// syncedSettings follow clusterSettings where a benchmark measures commits.
const syncedSettings = `
fsync = on
max_wal_size = 1GB
`

// Disks names empty folders, such as mounted file systems, for the files of a cluster. "" stands
// for a folder of the cluster itself.
type Disks struct {
	Data   string
	WAL    string // the write-ahead log
	Synced bool   // each commit waits for the disk, as in production
}

// NewClusterOn is [NewCluster] with its files on these disks.
func NewClusterOn(t testing.TB, d Disks) *Cluster {
	t.Helper()
	c := newClusterFolder(t)
	wal := filepath.Join(c.dir, "wal")
	for link, target := range map[string]string{c.data(): d.Data, wal: d.WAL} {
		if target == "" {
			continue
		}
		_, owner, _ := unprivileged() // newClusterFolder has checked the error
		if err := errors.Join(os.Chown(target, owner, -1), os.Symlink(target, link)); err != nil {
			t.Fatal(err)
		}
	}
	c.program(t, "initdb", "-D", c.data(), "--waldir", wal, "--wal-segsize=1", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	f, err := os.OpenFile(filepath.Join(c.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	settings := clusterSettings
	if d.Synced {
		settings += syncedSettings
	}
	_, err = f.WriteString(settings)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	c.Start(t)
	return c
}

// janitor is a script that outlives the test process. When its standard input closes, it ends the
// server and removes the folder.
const janitor = `
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && {
  kill -CONT "$pid"; kill -QUIT "$pid"
  while kill -0 "$pid"; do sleep 0.05; done
} 2>/dev/null
rm -rf "$1"
`

// newClusterFolder makes the folder of a cluster, which is removed when the test ends.
func newClusterFolder(t testing.TB) *Cluster {
	t.Helper()
	if binaries() == "" {
		missing(t, "no initdb and postgres on PATH or in /usr/lib/postgresql: install PostgreSQL")
	}
	attr, owner, err := unprivileged()
	if err != nil {
		missing(t, err.Error())
	}
	dir, err := os.MkdirTemp(socketRoom(), "authctl-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	if owner >= 0 {
		if err := os.Chown(dir, owner, -1); err != nil {
			t.Fatal(err)
		}
	}
	cleaning := exec.Command("/bin/sh", "-c", janitor, "janitor", dir)
	cleaning.SysProcAttr, cleaning.Dir = attr, "/"
	cleaning.SysProcAttr.Setpgid = true // an interrupt at the terminal must not reach the janitor
	alive, err := cleaning.StdinPipe()
	if err == nil {
		err = cleaning.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{dir: dir}
	t.Cleanup(func() { c.end(t, alive, cleaning) })
	return c
}

// missing skips the test because a program is missing, or fails it if CI is set.
func missing(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

func (c *Cluster) end(t testing.TB, alive io.Closer, cleaning *exec.Cmd) {
	if t.Failed() {
		said, _ := os.ReadFile(c.log())
		t.Logf("PostgreSQL said: %s", said[max(0, len(said)-4000):])
	}
	if c.process != nil {
		c.Kill(t)
	}
	alive.Close()
	cleaning.Wait()
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }
func (c *Cluster) log() string  { return filepath.Join(c.dir, "log") }

// Dir returns the folder of the cluster's socket.
func (c *Cluster) Dir() string { return c.dir }

// URL returns the URL of a database of this cluster.
func (c *Cluster) URL(database string) string {
	return "postgres://postgres@/" + database + "?host=" + neturl.QueryEscape(c.dir)
}

// CreateDatabase makes a migrated database and returns its URL.
func (c *Cluster) CreateDatabase(t testing.TB, name string) string {
	t.Helper()
	c.Exec(t, "postgres", "CREATE DATABASE "+name)
	if err := migrate(t.Context(), c.URL(name)); err != nil {
		t.Fatal(err)
	}
	return c.URL(name)
}

// Exec runs one statement on a database.
func (c *Cluster) Exec(t testing.TB, database, statement string, args ...any) {
	t.Helper()
	if err := c.use(t.Context(), database, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement, args...)
		return err
	}); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Text returns the one value of a statement as text, "" for NULL.
func (c *Cluster) Text(t testing.TB, database, statement string, args ...any) string {
	t.Helper()
	var value *string
	if err := c.use(t.Context(), database, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SELECT CAST(("+statement+") AS TEXT)", args...).Scan(&value)
	}); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if value == nil {
		return ""
	}
	return *value
}

func (c *Cluster) use(ctx context.Context, database string, do func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL(database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return do(ctx, conn)
}

// awaitQuery waits until a query on the maintenance database returns true.
func (c *Cluster) awaitQuery(t testing.TB, condition string, args ...any) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); c.Text(t, "postgres", condition, args...) != "true"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", condition)
		}
	}
}

// program runs one of PostgreSQL's programs as the owner of the cluster.
func (c *Cluster) program(t testing.TB, name string, args ...string) {
	t.Helper()
	command := c.Program(name, args...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(command.Args, " "), err, out)
	}
}

// Program returns one of PostgreSQL's programs, such as pg_dump, ready to run as the owner of
// the cluster in its folder.
func (c *Cluster) Program(name string, args ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(binaries(), name), args...)
	attr, _, _ := unprivileged() // newClusterFolder has checked the error
	command.SysProcAttr, command.Dir = attr, c.dir
	return command
}

// children returns the ids of the server's child processes, if the system lists them.
func children(pid int) (pids []int) {
	list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	for field := range strings.FieldsSeq(string(list)) {
		if child, err := strconv.Atoi(field); err == nil {
			pids = append(pids, child)
		}
	}
	return pids
}

// signal sends a signal to every process of the server, to the first of them first.
func (c *Cluster) signal(s syscall.Signal) {
	pid := c.process.Process.Pid
	processes := append([]int{pid}, children(pid)...)
	for _, p := range processes {
		syscall.Kill(p, s)
	}
}
