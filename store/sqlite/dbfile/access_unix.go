//go:build unix

package dbfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// MayWrite returns why this process may not read and write a file, or create files in a folder. The
// error is [fs.ErrPermission] or [syscall.EROFS]. nil may also mean that nobody can tell.
func MayWrite(path string) error {
	mode := uint32(unix.R_OK | unix.W_OK)
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		mode = unix.W_OK | unix.X_OK
	}
	if err := unix.Access(path, mode); errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return err
	}
	return nil
}

// Owner returns the user who owns a file.
func Owner(info fs.FileInfo) (uid int, known bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), true
}
