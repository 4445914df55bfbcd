package storetest

import (
	"os"
	"testing"
)

// diskRoom keeps its files when the machine restarts (hier(7)), so it is on a disk.
const diskRoom = "/var/tmp"

// Disk returns a new folder on a disk, for a benchmark of commits: [Prepare] puts other temporary
// folders into memory. Without /var/tmp it is an ordinary temporary folder. It is removed when the
// test ends.
func Disk(t testing.TB) string {
	t.Helper()
	room := diskRoom
	if _, err := os.Stat(room); err != nil {
		room = ""
	}
	dir, err := os.MkdirTemp(room, "authctl-disk-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
