package sqlite

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/authctl/authctl/store/sqlite/dbfile"
)

// Config says where the database file is and how to open it.
type Config struct {
	Path       string
	MaxReaders int  // max reading connections; 0 for twice the number of processors
	Create     bool // create the file if it is missing
}

// prepareFile ensures that the file exists and that only its owner may access it, before SQLite
// opens it. SQLite gives its two companion files the mode of the main file.
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
	case info.IsDir():
		return &dbfile.FileError{Path: cfg.Path, What: "it is a folder, not a regular file", Do: "database.url (DATABASE_URL) names a file, such as sqlite:" + filepath.Join(cfg.Path, "authctl.db")}
	case !info.Mode().IsRegular():
		return fmt.Errorf("open database: %s is not a regular file", cfg.Path)
	}
	real, err := filepath.EvalSymlinks(cfg.Path) // SQLite puts its companion files beside this
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	for _, path := range []string{cfg.Path, real + "-wal", real + "-shm", real + "-journal"} {
		if err := checkAlone(path); err != nil {
			return fmt.Errorf("open database: %w", err)
		}
	}
	return nil
}

// Check returns the error with which [Open] would fail to open or create the file at path. It
// neither creates nor opens it.
func Check(path string) error {
	err := prepareFile(Config{Path: path})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return dbfile.Explain(path, err)
	}
	if what, do := dbfile.Obstacle(path); what != "" {
		return &dbfile.FileError{Path: path, What: what, Do: do, Err: err}
	}
	return checkHeader(path)
}

// magic is the beginning of every SQLite file (https://www.sqlite.org/fileformat.html, section
// 1.3).
const magic = "SQLite format 3\x00"

func checkHeader(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return dbfile.Explain(path, err)
	}
	defer f.Close() // must be closed before SQLite opens the file: closing it later would release SQLite's locks
	head := make([]byte, len(magic))
	if n, _ := io.ReadFull(f, head); n > 0 && string(head[:n]) != magic {
		return &dbfile.FileError{Path: path, What: "it is not a SQLite database", Do: dbfile.DoRestore}
	}
	return nil
}

// checkAlone fails for a file that others may read or change, as far as its mode and owner show.
func checkAlone(path string) error {
	for _, look := range []func(string) (fs.FileInfo, error){os.Stat, os.Lstat} {
		info, err := look(path)
		if err != nil {
			return nil // the file is missing
		}
		if uid, stranger := dbfile.Stranger(info); stranger {
			return fmt.Errorf("%s belongs to the user %d, and not to root or to the user %d that authctl runs as: "+
				"run authctl as the user %d, or chown the file", path, uid, os.Geteuid(), uid)
		}
		if link := info.Mode()&fs.ModeSymlink != 0; !link && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" { // Windows has no such modes
			return fmt.Errorf("others may read %s, run: chmod 600 %s", path, path)
		}
	}
	return nil
}

func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return &dbfile.FileError{Path: path, What: "there is no folder " + filepath.Dir(path), Do: dbfile.DoFolder}
	}
	if err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return f.Close()
}

// dsn returns the driver's data source name. Each pragma applies to every connection.
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
