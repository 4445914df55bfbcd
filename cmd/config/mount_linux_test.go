package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestASecretThatIsMountedReadOnlyMayBeReadable mounts a secret as Kubernetes does.
func TestASecretThatIsMountedReadOnlyMayBeReadable(t *testing.T) {
	t.Parallel()
	// No file in dir is ever open for writing, not even in a process that another test forks:
	// otherwise the mount could not become read-only.
	origin, dir := t.TempDir(), t.TempDir()
	write(t, filepath.Join(origin, "secret"), goodSecret, 0o644)
	if err := unix.Mount(origin, dir, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("this user may not mount anything: %v", err)
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	path := filepath.Join(dir, "secret")
	src := from(t, "", "JWT_SECRET_FILE="+path)
	if _, err := Load(src); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("before it is read-only: got %v", err)
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(src); err != nil {
		t.Error(err)
	}
}

// TestAConfigurationThatIsMountedReadOnlyMayBelongToAnybody mounts a configuration as Docker
// and Kubernetes do.
func TestAConfigurationThatIsMountedReadOnlyMayBelongToAnybody(t *testing.T) {
	t.Parallel()
	origin, dir := t.TempDir(), t.TempDir()
	path := filepath.Join(origin, "authctl.yaml")
	write(t, path, "jwt: {secret: "+goodSecret+"}", 0o666)
	if err := os.Chown(path, stranger, stranger); err != nil {
		t.Skipf("this user may not give files away: %v", err)
	}
	if err := unix.Mount(origin, dir, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("this user may not mount anything: %v", err)
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	src := from(t, "", "AUTHCTL_CONFIG="+filepath.Join(dir, "authctl.yaml"))
	if _, err := Load(src); err == nil || !strings.Contains(err.Error(), "belongs to the user") {
		t.Errorf("before it is read-only: got %v", err)
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(src); err != nil {
		t.Error(err)
	}
}

// TestAPipeIsNotWaitedFor names a pipe, which never ends or never begins, as a secret's file.
func TestAPipeIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, path := range []string{pipe, "/dev/zero"} {
			if _, err := Load(from(t, "", "JWT_SECRET_FILE="+path)); err == nil || !strings.Contains(err.Error(), "is not a regular file") {
				t.Errorf("%s: got %v", path, err)
			}
		}
		Contents([]string{pipe, "/dev/zero"})
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("it waits")
	}
}
