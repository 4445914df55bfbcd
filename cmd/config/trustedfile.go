package config

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/authctl/authctl/store/sqlite/dbfile"
)

// hasModes reports whether the system has file modes for read and write permission.
const hasModes = runtime.GOOS != "windows"

// readTrusted reads a file that configures authctl. It fails if another user may change the file.
// open is the mode of a file that everybody may read, or else 0.
//
// It does not check the folder. A user who may write there can remove the file, but a file that this
// user puts in its place belongs to that user.
func readTrusted(path string) (text []byte, open fs.FileMode, err error) {
	f, err := openUnlessPipe(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	if err := checkWriters(path, f); err != nil {
		return nil, 0, err
	}
	if info, err := f.Stat(); err == nil && hasModes && info.Mode()&0o004 != 0 && !onReadOnlyMount(f) {
		open = info.Mode().Perm()
	}
	text, err = io.ReadAll(f)
	return text, open, err
}

// openUnlessPipe opens a file, or the pipe of a shell (/dev/fd/63). It refuses a named pipe, because
// a writer may never come, and SIGTERM cannot stop a process that waits for one.
func openUnlessPipe(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
		if _, unnamed := filepath.EvalSymlinks(path); unnamed == nil {
			err = fmt.Errorf("%s is a pipe, and not a file", path)
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// checkWriters fails if another user may change an open file. The file, and each link on path that
// leads to it, must belong to root or to the user of this process. Neither its group nor everybody
// may write to it. It accepts a file on a read-only mount, such as those of Kubernetes and Docker.
// It does not check the mode of a device, such as /dev/null or a terminal.
func checkWriters(path string, f *os.File) error {
	info, err := f.Stat()
	if err != nil || onReadOnlyMount(f) {
		return err
	}
	if err := checkLinks(path); err != nil {
		return err
	}
	if uid, stranger := dbfile.Stranger(info); stranger {
		return strangersFile(path, uid)
	}
	if mode := info.Mode().Perm(); hasModes && info.Mode()&fs.ModeDevice == 0 && mode&0o022 != 0 {
		return fmt.Errorf("others may change %s (mode %04o), run: chmod go-w %s", path, mode, path)
	}
	return nil
}

// checkLinks follows the links at the end of a path.
func checkLinks(path string) error {
	for range 40 { // the maximum that Linux follows
		info, err := os.Lstat(path)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return nil // what cannot be read is not for here
		}
		if uid, stranger := dbfile.Stranger(info); stranger {
			return strangersFile(path, uid)
		}
		target, err := os.Readlink(path)
		if err != nil {
			return nil
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return nil
}

func strangersFile(path string, uid int) error {
	return fmt.Errorf("%s belongs to the user %d, who may change it, and not to root or to the user %d that authctl runs as: "+
		"run authctl as the user %d, or chown the file", path, uid, os.Geteuid(), uid)
}

// openSecret is the message for a secret in a file that everybody may read.
func openSecret(path string, mode fs.FileMode) string {
	return fmt.Sprintf("is a secret, and everybody may read %s (mode %04o), run: chmod 600 %s", path, mode, path)
}
