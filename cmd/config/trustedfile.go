package config

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"

	"github.com/authctl/authctl/cmd/vault"
	"github.com/authctl/authctl/store/sqlite/dbfile"
)

// hasModes tells whether files have modes that say who may read and change them.
const hasModes = runtime.GOOS != "windows"

// readTrusted reads a file that says how authctl is to work. It fails when somebody else may
// change it. open is the file's mode when everybody may read it, else 0.
//
// The folder is not looked at: whoever may write there can take the file away, but a file that
// he puts in its place belongs to him.
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

// openUnlessPipe opens a file, or the pipe of a shell (/dev/fd/63). It refuses a pipe that has a
// name: nobody may ever write to it, and whoever waits for that cannot be stopped by SIGTERM.
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

// checkWriters fails when an open file, or a link that path leads through to it, belongs neither to
// root nor to the user that this process runs as, or when its group or everybody may write
// to it. Where a mount is read-only, as those of Kubernetes and Docker are, nobody can. The mode
// of a device, such as /dev/null or a terminal, is not looked at.
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
	for range 40 { // as many as Linux follows
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

// openSecret says what is wrong with a secret in a file that everybody may read.
func openSecret(path string, mode fs.FileMode) string {
	return fmt.Sprintf("is a secret, and everybody may read %s (mode %04o), run: chmod 600 %s", path, mode, path)
}

// inClear reports whether the value of a setting, as a file or a variable gives it, is a secret that
// stands there itself.
func inClear(key string, value any) bool {
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	return slices.ContainsFunc(list, func(item any) bool {
		text := fmt.Sprint(item)
		switch fieldsOf(&Settings{})[key].Interface().(type) {
		case SecretText, []SecretText:
			return text != "" && !vault.IsReference(text) && (key != "database.url" || RedactURL(text) != text)
		default:
			return false
		}
	})
}
