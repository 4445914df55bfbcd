//go:build unix

package dbfile

import (
	"io/fs"
	"os"
	"syscall"
)

// Stranger returns the user that a file belongs to, and whether that is neither root nor
// the one that this process runs as: then somebody else decides what the file says.
func Stranger(info fs.FileInfo) (uid int, stranger bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	uid = int(stat.Uid)
	return uid, uid != 0 && uid != os.Geteuid()
}
