//go:build linux || darwin || freebsd

package dbfile

import "golang.org/x/sys/unix"

// Full reports whether the file system of a path has no room for this process, or for no more files.
func Full(path string) bool {
	var fs unix.Statfs_t
	if unix.Statfs(path, &fs) != nil {
		return false
	}
	return fs.Bavail <= 0 || (fs.Files > 0 && fs.Ffree == 0)
}
