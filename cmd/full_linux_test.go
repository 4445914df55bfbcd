package cmd_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAFullDiskIsNotReady has a SQLite file on a file system that is filled, and emptied again.
func TestAFullDiskIsNotReady(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("this user may not mount anything: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	p := startServe(t, dir)
	alice := newGuest(p, "alice")
	alice.join(t)
	p.isReady(t)

	filler := filepath.Join(dir, "filler")
	if err := fill(filler); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("fill the disk: got %v", err)
	}
	p.unready(t, "disk is full")
	alice.refusesWrites(t, http.StatusOK)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	p.isReady(t)
	if got := alice.renew(); got.status != http.StatusOK {
		t.Errorf("refresh: got %v", got)
	}
}

// fill writes into a new file until there is an error.
func fill(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for size := 1 << 16; ; {
		if _, err = f.Write(make([]byte, size)); err == nil {
			continue
		}
		if size == 1 {
			return err
		}
		size /= 2
	}
}
