//go:build linux || darwin || freebsd

package dbfile

import "golang.org/x/sys/unix"

// Full reports whether the file system of a path has no space, or no inodes, for this process.
func Full(path string) bool {
	var fs unix.Statfs_t
	if unix.Statfs(path, &fs) != nil {
		return false
	}
	return fs.Bavail <= 0 || (fs.Files > 0 && fs.Ffree == 0)
}
