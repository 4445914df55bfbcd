package config

import (
	"os"

	"golang.org/x/sys/unix"
)

// onReadOnlyMount reports whether the mount of a file is read-only.
func onReadOnlyMount(f *os.File) bool {
	var fs unix.Statfs_t
	return unix.Fstatfs(int(f.Fd()), &fs) == nil && fs.Flags&unix.ST_RDONLY != 0
}
