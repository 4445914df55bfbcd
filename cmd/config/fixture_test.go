package config

import (
	"os"
	"path/filepath"
	"testing"
)

const (
	goodSecret  = "5f0c3a9e1b7d2846a4c8e6f0193b5d7f5f0c3a9e1b7d2846a4c8e6f0193b5d7f"
	otherSecret = "9b1d7e5a3c608f24d6e2b4a8c0f1e3d59b1d7e5a3c608f24d6e2b4a8c0f1e3d5"
)

// from returns sources with a configuration file and variables.
func from(t *testing.T, file string, environ ...string) Sources {
	t.Helper()
	src := Sources{Dir: t.TempDir(), Environ: environ, Flags: map[string]string{}}
	if file != "" {
		write(t, filepath.Join(src.Dir, defaultFile), file, 0o600)
	}
	return src
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
}

func mustLoad(t *testing.T, src Sources) Loaded {
	t.Helper()
	cfg, err := Load(src)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}
