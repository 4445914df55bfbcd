package config

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/authctl/authctl/authn"
)

// MaxSecretFile is the maximum size of a secret's file in bytes.
const MaxSecretFile = 64 << 10

// readSecret reads a secret and removes one line break at its end. cut reports whether it removed
// one. It fails for a file that others may read or change, as [readSecretFile] does. It also fails
// for a stray text around the secret, such as quotes or a second line break.
func readSecret(path string) (value string, cut bool, err error) {
	text, err := readSecretFile(path)
	if err != nil {
		return "", false, err
	}
	value = TrimLineBreak(text)
	found := StrayText(value)
	switch {
	case value == "":
		found = "is empty"
	case TrimLineBreak(value) != value:
		found = "ends in more than one line break: remove them"
	}
	if found != "" {
		return "", false, fmt.Errorf("%s %s", path, found)
	}
	return value, value != text, nil
}

// readSecretLines reads secrets, one a line. It skips empty lines.
func readSecretLines(path string) (all []SecretText, err error) {
	text, err := readSecretFile(path)
	if err != nil {
		return nil, err
	}
	if found := wrongEncoding(text); found != "" {
		return nil, fmt.Errorf("%s %s", path, found)
	}
	number := 0
	for line := range strings.Lines(text) {
		number++
		if line = TrimLineBreak(line); line == "" {
			continue
		}
		if found := StrayText(line); found != "" {
			return nil, fmt.Errorf("%s: line %d %s", path, number, found)
		}
		all = append(all, SecretText(line))
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s is empty", path)
	}
	return all, nil
}

// readSecretFile reads the whole file of a secret. It fails if everybody may read the file, or if
// anyone except its owner may write to it. The owner must be root or the user of this process. These
// rules do not apply below /run/secrets, where containers mount their secrets, and on a read-only
// mount, such as those of Kubernetes.
func readSecretFile(path string) (string, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := checkSecret(path, f, info); err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(f, MaxSecretFile+1))
	if err != nil {
		return "", err
	}
	if len(b) > MaxSecretFile {
		return "", fmt.Errorf("%s is larger than a secret can be", path)
	}
	return string(b), nil
}

// openRegular opens a regular file for reading. It refuses anything else at once: a pipe would block
// until a writer comes, and a device may never end.
func openRegular(path string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func checkSecret(path string, f *os.File, info fs.FileInfo) error {
	if strings.HasPrefix(filepath.Clean(path), "/run/secrets/") || onReadOnlyMount(f) {
		return nil
	}
	if mode := info.Mode().Perm(); hasModes && mode&0o027 != 0 {
		return fmt.Errorf("others may read or change %s (mode %04o), run: chmod 600 %s", path, mode, path)
	}
	return checkWriters(path, f)
}

// TrimLineBreak removes one line break at the end, LF or CRLF.
func TrimLineBreak(s string) string {
	if t, ok := strings.CutSuffix(s, "\n"); ok {
		return strings.TrimSuffix(t, "\r")
	}
	return s
}

// EnsureSecret returns the secret in path. It creates the file first if it does not exist. The file
// appears complete or not at all. If two processes create it, the first one wins.
func EnsureSecret(path string) (value string, made bool, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if made, err = makeSecret(path); err != nil {
			return "", false, fmt.Errorf("make secret: %w", err)
		}
	}
	value, err = KeptSecret(path)
	return value, made && err == nil, err
}

// KeptSecret reads the generated secret of a SQLite database.
func KeptSecret(path string) (string, error) {
	value, _, err := readSecret(path)
	if err == nil {
		err = authn.CheckSecret(value)
	}
	if err != nil {
		return "", fmt.Errorf("secret in %s: %w", path, err)
	}
	return value, nil
}

func makeSecret(path string) (made bool, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".authctl.secret-*") // mode 0600
	if err != nil {
		return false, err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(RandomSecret() + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return false, err
	}
	err = os.Link(f.Name(), path)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

// RandomSecret returns 64 hex characters.
func RandomSecret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return hex.EncodeToString(b)
}
