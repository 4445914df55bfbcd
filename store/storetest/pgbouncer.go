package storetest

import (
	"context"
	"errors"
	"fmt"
	neturl "net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Bouncer is a PgBouncer in front of a [Cluster]. In the pool mode "transaction" its clients
// stay connected when it is pointed at another.
type Bouncer struct {
	dir, mode string
	settings  []string
}

// bouncerKeeper runs PgBouncer for as long as its standard input stays open, and then
// removes the folder.
const bouncerKeeper = `
"$1" "$2/pgbouncer.ini" </dev/null >"$2/log" 2>&1 &
cat >/dev/null
kill -KILL $!
rm -rf "$2"
`

// NewBouncer starts a PgBouncer in front of a cluster until the test ends; mode is its pool mode,
// "session" or "transaction", and settings are more lines of its configuration. Without PgBouncer the test is skipped, or fails where CI is set.
func NewBouncer(t testing.TB, mode string, to *Cluster, settings ...string) *Bouncer {
	t.Helper()
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		path = "/usr/sbin/pgbouncer" // Debian installs it here, which is not on every PATH
	}
	if _, err := os.Stat(path); err != nil {
		missing(t, "there is no pgbouncer: apt-get install pgbouncer")
	}
	attr, owner, err := unprivileged() // PgBouncer refuses root, too
	if err != nil {
		missing(t, err.Error())
	}
	dir, err := os.MkdirTemp(socketRoom(), "authctl-pgbouncer-")
	if err != nil {
		t.Fatal(err)
	}
	if owner >= 0 {
		if err := errors.Join(os.Chown(dir, owner, -1), os.Chmod(dir, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	b := &Bouncer{dir, mode, settings}
	b.write(t, "users.txt", `"postgres" ""`+"\n")
	b.configure(t, to)
	keeping := exec.Command("/bin/sh", "-c", bouncerKeeper, "keeper", path, dir)
	keeping.SysProcAttr, keeping.Dir = attr, "/"
	keeping.SysProcAttr.Setpgid = true // an interrupt at the terminal must not reach the keeper
	alive, err := keeping.StdinPipe()
	if err == nil {
		err = keeping.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if said, _ := os.ReadFile(filepath.Join(dir, "log")); t.Failed() {
			t.Logf("PgBouncer said: %s", said)
		}
		alive.Close()
		keeping.Wait()
	})
	if err := awaitServer(b.URL("pgbouncer")); err != nil {
		t.Fatalf("start PgBouncer: %v", err)
	}
	return b
}

func (b *Bouncer) write(t testing.TB, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (b *Bouncer) configure(t testing.TB, to *Cluster) {
	t.Helper()
	b.write(t, "pgbouncer.ini", fmt.Sprintf(`[databases]
* = host=%s port=5432

[pgbouncer]
listen_port = 6432
unix_socket_dir = %s
auth_type = trust
auth_file = %[2]s/users.txt
admin_users = postgres
pool_mode = %s
default_pool_size = 20
server_login_retry = 0.2
server_check_delay = 0
%s
`, to.dir, b.dir, b.mode, strings.Join(b.settings, "\n")))
}

// URL returns the URL of a database for clients of PgBouncer.
func (b *Bouncer) URL(database string) string {
	return "postgres://postgres@/" + database + "?port=6432&host=" + neturl.QueryEscape(b.dir)
}

// PointAt sends new queries to another cluster. PgBouncer closes a pool connection in use once it is
// idle.
func (b *Bouncer) PointAt(t testing.TB, to *Cluster) {
	t.Helper()
	b.configure(t, to)
	b.Do(t, "RELOAD")
}

// Do runs a command of the administration console, such as PAUSE or RESUME. PgBouncer 1.18 may exit
// if it is paused while a statement is being cancelled. Do then skips the test.
func (b *Bouncer) Do(t testing.TB, command string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, b.URL("pgbouncer"))
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) {
		t.Skipf("PgBouncer has ended by itself: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.PgConn().Exec(ctx, command).ReadAll(); err != nil { // the console supports only the simple protocol
		t.Fatalf("%s: %v", command, err)
	}
}
