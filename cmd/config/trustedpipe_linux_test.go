package config

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestAPipeInThePlaceOfAConfigurationIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for _, name := range []string{defaultFile, ".env"} {
		src := from(t, "")
		path := filepath.Join(src.Dir, name)
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- check(src) }()
		select {
		case err := <-done:
			wantRefusal(t, name, err, path, "is a pipe")
		case <-time.After(20 * time.Second):
			t.Errorf("%s: waits for somebody who writes to the pipe", name)
		}
	}
}

func TestAConfigurationComesThroughThePipeOfAShell(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		defer w.Close()
		_, _ = w.WriteString("log: {level: error}")
	}()
	src := from(t, "")
	src.File = fmt.Sprintf("/dev/fd/%d", r.Fd())
	cfg, err := Load(src)
	if err != nil || cfg.Log.Level != "error" {
		t.Errorf("got level %q, %v", cfg.Log.Level, err)
	}
}

func TestADeviceThatAStrangersLinkNamesIsNotRead(t *testing.T) {
	t.Parallel()
	asRoot(t)
	src := from(t, "")
	path := filepath.Join(src.Dir, ".env")
	if err := os.Symlink(os.DevNull, path); err != nil {
		t.Fatal(err)
	}
	if err := check(src); err != nil {
		t.Errorf("a link of one's own: %v", err)
	}
	if err := os.Lchown(path, stranger, stranger); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, "a link of a stranger's", check(src), path, "belongs to the user")
}
