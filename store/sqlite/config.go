package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Config is where the file is.
type Config struct {
	Path       string
	MaxReaders int  // connections that read; 0 for twice the processors
	Create     bool // make the file when there is none
}

// prepareFile sees to it that the file exists and is its owner's alone before
// SQLite opens it: SQLite gives its two companions the mode of the main file.
func prepareFile(cfg Config) error {
	if cfg.Path == "" || cfg.Path == ":memory:" {
		return errors.New("open database: a SQLite database needs the path of a file")
	}
	info, err := os.Stat(cfg.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && cfg.Create:
		return createFile(cfg.Path)
	case err != nil:
		return fmt.Errorf("open database: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("open database: %s is not a regular file", cfg.Path)
	}
	for _, path := range []string{cfg.Path, cfg.Path + "-wal", cfg.Path + "-shm"} {
		info, err := os.Stat(path)
		if err == nil && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" { // whose files have no such mode
			return fmt.Errorf("open database: others may read %s, run: chmod 600 %s", path, path)
		}
	}
	return nil
}

func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("create database: there is no folder %s", filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return f.Close()
}

// dsn builds the driver's data source name; each pragma holds on every connection.
func dsn(path, lock string, pragmas ...string) string {
	query := url.Values{}
	for _, p := range append([]string{"busy_timeout(5000)", "foreign_keys(ON)", "trusted_schema(OFF)"}, pragmas...) {
		query.Add("_pragma", p)
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/… of Windows
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + lock + "&" + query.Encode()
}
