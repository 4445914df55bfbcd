package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/cmd/config"
)

// writeChoice puts the chosen cost into the configuration file.
func (b *bench) writeChoice(ctx context.Context) error {
	path := b.a.sources.Path()
	p := b.chosen.Params
	byHand := fmt.Sprintf("edit the file by hand: password: {argon2: {memory: %s, iterations: %d, parallelism: %d}}", memoryText(p), p.Iterations, p.Parallelism)
	if ext := filepath.Ext(path); ext != ".yaml" && ext != ".yml" && ext != "" {
		return &problem{exitFailed, fmt.Errorf("%s is not a YAML file", path), byHand}
	}
	old, mode, err := readConfigFile(path)
	if err != nil {
		return &problem{exitFailed, err, byHand}
	}
	text, edits, err := config.EditScalars(old, []string{"password", "argon2"}, []string{"memory", "iterations", "parallelism"}, map[string]string{
		"memory": memoryText(p), "iterations": fmt.Sprint(p.Iterations), "parallelism": fmt.Sprint(p.Parallelism),
	})
	if err != nil {
		return &problem{exitFailed, fmt.Errorf("%s: %w", path, err), byHand}
	}
	if len(edits) == 0 {
		b.a.say("%s already has that cost", path)
		return nil
	}
	if err := b.loadsAs(path, text, p); err != nil {
		return &problem{exitFailed, fmt.Errorf("%s: %w; nothing was written", path, err), byHand}
	}
	b.a.say("%s:", path)
	for _, e := range edits {
		if e.Old != "" {
			fmt.Fprintf(b.a.err, "-%s\n", printable(strings.TrimRight(e.Old, "\r\n")))
		}
		fmt.Fprintf(b.a.err, "+%s\n", printable(strings.TrimRight(e.New, "\r\n")))
	}
	what := "write this cost to " + path
	if b.weaker() {
		what = "write this cost, which is weaker than the configured one, to " + path
	}
	ok, err := b.options.confirm(ctx, b.a, what)
	if err != nil || !ok {
		return err
	}
	backup, err := replaceFile(path, old, text, mode)
	if err != nil {
		return err
	}
	b.a.say("wrote %s%s; serve uses it after SIGHUP or a restart", path, backup)
	return nil
}

// readConfigFile returns the text of the file, "" for one that is not there.
func readConfigFile(path string) (string, fs.FileMode, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, linkErr := os.Lstat(path); linkErr == nil {
			return "", 0, fmt.Errorf("%s is a link to nothing", path)
		}
		return "", 0o600, nil
	}
	if err != nil {
		return "", 0, err
	}
	if !info.Mode().IsRegular() {
		return "", 0, fmt.Errorf("%s is not a file", path)
	}
	text, err := os.ReadFile(path)
	return string(text), info.Mode().Perm(), err
}

// loadsAs checks that the new text is a configuration with this cost. The error names a variable or
// a flag that overrides the file.
func (b *bench) loadsAs(path, text string, p hashing.Params) error {
	dir, err := os.MkdirTemp("", "authctl-config-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	trial := filepath.Join(dir, "authctl.yaml")
	if err := os.WriteFile(trial, []byte(text), 0o600); err != nil {
		return err
	}
	alone, err := config.Load(config.Sources{File: trial, Dir: dir})
	if err != nil && !onlyElsewhere(err) {
		return fmt.Errorf("the result would not load: %s", oneLine(err))
	}
	if alone.Password.Argon2.Params() != p {
		return errors.New("the result would not have that cost")
	}
	src := b.a.sources
	src.File = trial
	if all, err := config.Load(src); err == nil && all.Password.Argon2.Params() != p {
		for _, key := range []string{"memory", "iterations", "parallelism"} {
			if origin := all.Origins["password.argon2."+key]; !strings.HasPrefix(origin, "file ") {
				b.a.say("warning: password.argon2.%s in %s has no effect: %s overrides it", key, path, origin)
			}
		}
	}
	return nil
}

// onlyElsewhere reports whether the faults of a configuration come only from secrets and files
// outside its text.
func onlyElsewhere(err error) bool {
	var bad config.Faults
	if !errors.As(err, &bad) {
		return false
	}
	for _, f := range bad {
		if !strings.HasSuffix(f.Key, "_file") && f.Key != "database.url" && f.Key != "jwt.secret" {
			return false
		}
	}
	return true
}

// replaceFile keeps a copy beside the file, and replaces the file with the new text atomically. It
// returns a message about the copy.
func replaceFile(path, old, text string, mode fs.FileMode) (said string, err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if old != "" {
		backup := path + "." + time.Now().UTC().Format("20060102T150405.000Z") + ".bak"
		if err := writeNew(backup, old, mode); err != nil {
			return "", fmt.Errorf("keep a copy: %w", err)
		}
		said = ", the old one is " + backup
	}
	fresh := path + ".new"
	if err := writeNew(fresh, text, mode); err != nil {
		return "", err
	}
	if info, err := os.Stat(path); err == nil {
		keepOwner(fresh, info)
	}
	if err := os.Rename(fresh, path); err != nil {
		return "", errors.Join(err, os.Remove(fresh))
	}
	return said, nil
}

// writeNew writes a file that must not exist yet, and syncs it to disk.
func writeNew(path, text string, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
}
