//go:build unix

package dbfile

import (
	"io/fs"
	"os"
	"syscall"
)

// Stranger returns the user who owns a file. It reports true if that is neither root nor the user
// of this process: then somebody else controls the contents.
func Stranger(info fs.FileInfo) (uid int, stranger bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	uid = int(stat.Uid)
	return uid, uid != 0 && uid != os.Geteuid()
}
