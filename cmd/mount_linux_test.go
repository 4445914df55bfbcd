package cmd

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestASecretThatIsMountedReadOnlyMayBeReadable has what Kubernetes gives a pod.
func TestASecretThatIsMountedReadOnlyMayBeReadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("this user may not mount anything: %v", err)
	}
	defer unix.Unmount(dir, 0)
	path := filepath.Join(dir, "secret")
	write(t, path, goodSecret, 0o644)
	src := from(t, "", "JWT_SECRET_FILE="+path)
	if _, err := load(src); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("before it is read-only: got %v", err)
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := load(src); err != nil {
		t.Error(err)
	}
}
