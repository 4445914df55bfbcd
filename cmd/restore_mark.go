package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/authctl/authctl/cmd/config"
)

// restoreMark is a file beside a SQLite database that stops serve from starting between
// `restore begin` and `restore finish`: the database may be the old one or the backup. The mark
// is not in the database, because the restore would replace it.
type restoreMark struct {
	path string // "" on PostgreSQL
	made bool   // just now
}

func markPath(cfg config.Loaded) string {
	path, onSQLite := cfg.SQLitePath()
	if !onSQLite {
		return ""
	}
	return path + "-restoring"
}

// markRestore creates the mark. An existing mark stays unchanged.
func markRestore(inst *instance, who string, now time.Time) (restoreMark, error) {
	m := restoreMark{path: markPath(inst.cfg)}
	if m.path == "" {
		return m, nil
	}
	f, err := os.OpenFile(m.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("mark the database: %w", err)
	}
	m.made = true
	_, err = fmt.Fprintf(f, "by %s at %s\n", who, when(now))
	return m, errors.Join(err, f.Close())
}

// takeBack removes the mark, if it was made just now.
func (m restoreMark) takeBack() error {
	if !m.made {
		return nil
	}
	return os.Remove(m.path)
}

// unmarkRestore removes the mark, so that servers can start.
func unmarkRestore(inst *instance) error {
	path := markPath(inst.cfg)
	if path == "" {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &problem{exitFailed, fmt.Errorf("the restore is finished, but its mark could not be deleted: %w", err), "remove " + path}
	}
	return nil
}

// refuseRestoring fails during a restore: no server may start on the database, and no command may
// create a new one in its place.
func refuseRestoring(cfg config.Loaded) error {
	path := markPath(cfg)
	if path == "" {
		return nil
	}
	said, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return &problem{exitFailed, fmt.Errorf("a restore began %s and is not finished", strings.TrimSpace(string(said))),
		"put the backup in its place, then run authctl restore finish; if nothing was restored, remove " + path}
}
