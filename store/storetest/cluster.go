package storetest

import (
	"context"
	"errors"
	"fmt"
	neturl "net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// keeper is a script that runs PostgreSQL until its standard input closes. The input
// closes when the test process ends, in any way. The script then removes the folder. The
// server trusts every client, so it listens only on a socket in that folder.
const keeper = `
"$1/postgres" -D "$2/data" -k "$2" -h "" -p 5432 \
  -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 \
  -c shared_buffers=64MB -c logging_collector=off </dev/null >"$2/log" 2>&1 &
postgres=$!
cat >/dev/null
kill -INT $postgres 2>/dev/null
wait $postgres
rm -rf "$2"
`

// startCluster starts a throwaway cluster. skip says why this machine cannot run one.
func startCluster() (url, skip string, err error) {
	bin := binaries()
	if bin == "" {
		return "", "no initdb and postgres on PATH or in /usr/lib/postgresql; set AUTHCTL_TEST_POSTGRES or install PostgreSQL", nil
	}
	attr, owner, err := unprivileged()
	if err != nil {
		return "", err.Error(), nil
	}
	dir, err := os.MkdirTemp(socketRoom(), "authctl-postgres-")
	if err != nil {
		return "", "", err
	}
	if owner >= 0 {
		if err := os.Chown(dir, owner, -1); err != nil {
			return "", "", err
		}
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"),
		"-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return "", "", fmt.Errorf("initdb: %w: %s", err, out)
	}
	cmd := exec.Command("/bin/sh", "-c", keeper, "keeper", bin, dir)
	cmd.SysProcAttr, cmd.Dir = attr, dir
	cmd.SysProcAttr.Setpgid = true // an interrupt at the terminal must not reach the keeper
	if server.alive, err = cmd.StdinPipe(); err != nil {
		return "", "", err
	}
	if err := cmd.Start(); err != nil {
		return "", "", err
	}
	url = "postgres://postgres@/postgres?host=" + neturl.QueryEscape(dir)
	if err := awaitServer(url); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return "", "", fmt.Errorf("start PostgreSQL: %w: %s", err, log)
	}
	return url, "", nil
}

// socketRoom returns the folder for temporary files. It returns /tmp if the name of that
// folder is too long for the 107 bytes of a socket's path.
func socketRoom() string {
	if dir := os.TempDir(); len(dir) <= 60 {
		return dir
	}
	return "/tmp"
}

// binaries returns the folder of initdb and postgres of the newest version, or "".
func binaries() string {
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(installed, func(a, b string) int { return major(b) - major(a) })
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			installed = append([]string{filepath.Dir(real)}, installed...)
		}
	}
	for _, dir := range installed {
		_, err1 := os.Stat(filepath.Join(dir, "initdb"))
		_, err2 := os.Stat(filepath.Join(dir, "postgres"))
		if err1 == nil && err2 == nil {
			return dir
		}
	}
	return ""
}

// major returns the 15 of /usr/lib/postgresql/15/bin.
func major(dir string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	return n
}

// unprivileged returns the user that PostgreSQL runs as, because PostgreSQL refuses root.
// It returns the attributes of the processes, and the owner of the folder or -1 for the
// current user.
func unprivileged() (*syscall.SysProcAttr, int, error) {
	if os.Getuid() != 0 {
		return &syscall.SysProcAttr{}, -1, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err := errors.Join(err1, err2); err != nil {
			return nil, 0, err
		}
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, uid, nil
	}
	return nil, 0, errors.New("we are root, which PostgreSQL refuses, and there is no user postgres or nobody")
}

// awaitServer connects until it succeeds.
func awaitServer(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		conn, err := pgx.Connect(ctx, url)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return err
		case <-ticker.C:
		}
	}
}
