package main_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWhatFetchHasStartedEndsWithItsProcessGroup stops .ci/fetch during a build, as .ci/run
// does.
func TestWhatFetchHasStartedEndsWithItsProcessGroup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const slowGo = "#!/bin/sh\nsleep 600 &\necho $! >\"$GOBIN/unfinished\"\nmv \"$GOBIN/unfinished\" \"$GOBIN/pid\"\nwait\n"
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte(slowGo), 0o700); err != nil {
		t.Fatal(err)
	}
	fetch := exec.Command(".ci/fetch", dir)
	fetch.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "AUTHCTL_TEST_VAULT="+dir)
	fetch.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := fetch.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	within(t, "fetch to build", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "pid"))
		if errors.Is(err, fs.ErrNotExist) {
			return false
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	})
	t.Cleanup(func() { syscall.Kill(pid, syscall.SIGKILL) })
	if err := syscall.Kill(-fetch.Process.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	fetch.Wait()
	within(t, "the build to end", func() bool { return !runs(pid) })
}

// runs reports whether a process exists and is not a zombie.
func runs(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, state, _ := strings.Cut(string(stat), ") ")
	return err == nil && !strings.HasPrefix(state, "Z")
}

// within waits for a condition.
func within(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 1000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it takes too long for %s", what)
}
