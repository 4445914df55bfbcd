package cmd_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/authctl/authctl/store/storetest"
)

// disk is a small file system that a test can fill.
type disk struct{ dir string }

// newDisk mounts a file system of some MiB until the test ends. It skips the test if mounting
// is not allowed.
func newDisk(t testing.TB, mib int) disk {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", mib))); err != nil {
		t.Skipf("this user may not mount anything: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return disk{dir}
}

func (d disk) ballast() string { return filepath.Join(d.dir, "ballast") }

// fill fills the disk.
func (d disk) fill(t testing.TB) {
	t.Helper()
	if err := fill(d.ballast()); !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
}

// free frees the space again.
func (d disk) free(t testing.TB) { remove(t, d.ballast()) }

// TestAFullDiskIsAdmittedAndSignsNobodyOut fills the disk of the database while clients work.
// Failed writes get 503, and the server is not ready.
func TestAFullDiskIsAdmittedAndSignsNobodyOut(t *testing.T) {
	soak(t)
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		d := newDisk(t, 16)
		runFull(t, d, "sqlite:"+filepath.Join(d.dir, "authctl.db"), func() {})
	})
	t.Run("PostgreSQL's tables", func(t *testing.T) {
		t.Parallel()
		d := newDisk(t, 96)
		c := storetest.NewClusterOn(t, storetest.Disks{Data: d.dir})
		runFull(t, d, c.CreateDatabase(t, authDB), func() {})
	})
	t.Run("PostgreSQL's write-ahead log", func(t *testing.T) { // which ends it
		t.Parallel()
		d := newDisk(t, 96)
		c := storetest.NewClusterOn(t, storetest.Disks{WAL: d.dir})
		runFull(t, d, c.CreateDatabase(t, authDB), func() { c.StartAgain(t) })
	})
}

// runFull runs a server while the disk of its database is full. repair is what the operator
// does when there is space again.
func runFull(t *testing.T, d disk, database string, repair func()) {
	p := startServe(t, t.TempDir(), faultEnviron(t, database)...)
	unlucky := newGuest(p, "unlucky")
	unlucky.join(t)
	all := newGuests(t, p, 5)
	l := openLedger(t, p)
	l.round(t)
	unlucky.renewLosingTheAnswer(t)
	d.fill(t)
	all.add(unlucky)
	refused := newGuest(p, "")
	for i := 0; ; i++ { // until there is no room in what the database has
		refused.name = fmt.Sprintf("refused-%d", i)
		if got := refused.ask("POST", "/register", refused.account(guestPassword)); got.transient() {
			break
		} else if got.status != http.StatusCreated {
			t.Fatalf("register on a full disk: got %v", got)
		}
	}
	eventually(t, func() bool { return refused.ask("GET", "/readyz", "").status == http.StatusServiceUnavailable })
	eventually(t, func() bool {
		said := p.said(t)
		ended := strings.Contains(said, "dial error") // PostgreSQL need not have told a client why
		return ended || strings.Contains(said, "disk is full") && strings.Contains(said, "make room on the disk of the database")
	})
	created := 0
	eventually(t, func() bool { // a page may have room for one more
		created++
		command := p.prepare("user", "create", fmt.Sprintf("bob-%d", created), "--generate")
		said, _ := command.CombinedOutput()
		exit := command.ProcessState.ExitCode()
		if exit != 0 && (exit != 6 || !strings.Contains(string(said), "hint: ")) {
			t.Errorf("user create: exit %d, %s", exit, said)
		}
		return exit != 0
	})
	time.Sleep(outage)
	d.free(t)
	repair()
	over := time.Now()
	eventually(t, func() bool { return refused.ask("GET", "/readyz", "").status == http.StatusOK })
	all.served(t)
	t.Logf("all were served %s after there was room", time.Since(over))
	all.leave(t)
	l.close()
	l.holds(t, p, nil)
}
