package storetest

import (
	"os"

	"golang.org/x/sys/unix"
)

const (
	memoryFolder = "/dev/shm"
	enoughMemory = 4 << 30 // bytes that must be free there
)

// useMemory puts the temporary folders of tests into memory, where a commit need not wait for a
// disk. It does nothing when TMPDIR is set, for the long tests, and where the machine has no such
// folder with enough room from which programs can be run.
func useMemory() {
	var fs unix.Statfs_t
	switch {
	case os.Getenv("TMPDIR") != "" || os.Getenv("AUTHCTL_TEST_SOAK") != "":
	case unix.Statfs(memoryFolder, &fs) != nil || fs.Type != unix.TMPFS_MAGIC:
	case fs.Flags&(unix.ST_NOEXEC|unix.ST_RDONLY) != 0 || fs.Bavail*uint64(fs.Bsize) < enoughMemory:
	default:
		_ = os.Setenv("TMPDIR", memoryFolder) // it fails only for a malformed name
	}
}
