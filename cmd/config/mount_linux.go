package config

import (
	"os"

	"golang.org/x/sys/unix"
)

// onReadOnlyMount reports whether a file lies where nobody can write through this mount.
func onReadOnlyMount(f *os.File) bool {
	var fs unix.Statfs_t
	return unix.Fstatfs(int(f.Fd()), &fs) == nil && fs.Flags&unix.ST_RDONLY != 0
}
