package cmd_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAFileThatCannotBeOpenedSaysWhatKeepsAuthctlFromIt breaks a SQLite file, or a folder
// above it, in one way each.
func TestAFileThatCannotBeOpenedSaysWhatKeepsAuthctlFromIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, folder, file string) error
		says  []string
	}{
		"a folder that it may not write to": {
			func(_ *testing.T, folder, _ string) error { return os.Chmod(folder, 0o500) },
			[]string{"authctl may not use its folder ", "/sub (mode 0500), and SQLite creates files beside the database", "chmod u+rwX "},
		},
		"a folder that it may not enter": {
			func(_ *testing.T, folder, _ string) error { return os.Chmod(folder, 0) },
			[]string{"authctl may not use the folder ", "/sub (mode 0000)", "chmod u+rwX "},
		},
		"another user's folder": {
			func(_ *testing.T, folder, _ string) error {
				return errors.Join(os.Chmod(folder, 0o755), os.Chown(folder, 54321, 54321))
			},
			[]string{"may not use its folder ", "/sub, which belongs to the user 54321 (mode 0755)", "run authctl as the user 54321"},
		},
		"a file that it may not write to": {
			func(_ *testing.T, _, file string) error { return os.Chmod(file, 0o400) },
			[]string{"authctl may not use the file ", "authctl.db (mode 0400)", "chmod u+rwX "},
		},
		"a log that it may not read": {
			func(_ *testing.T, _, file string) error { return os.WriteFile(file+"-wal", nil, 0) },
			[]string{"authctl may not use the file beside it ", "authctl.db-wal (mode 0000)"},
		},
		"another user's file": {
			func(_ *testing.T, _, file string) error { return os.Chown(file, 54321, 54321) },
			[]string{"belongs to the user 54321", "run authctl as the user 54321"},
		},
		"a folder in its place": {
			func(_ *testing.T, _, file string) error { return errors.Join(os.Remove(file), os.Mkdir(file, 0o700)) },
			[]string{"it is a folder", "names a file"},
		},
		"a file for a folder": {
			func(_ *testing.T, folder, _ string) error {
				return errors.Join(os.RemoveAll(folder), os.WriteFile(folder, nil, 0o600))
			},
			[]string{"sub is a file, and not a folder"},
		},
		"something else": {
			func(_ *testing.T, _, file string) error {
				return os.WriteFile(file, []byte(strings.Repeat("a letter to the editor. ", 100)), 0o600)
			},
			[]string{"it is not a SQLite database", "names the right file"},
		},
		"a file system that is read-only": {
			func(t *testing.T, folder, _ string) error {
				if err := unix.Mount(folder, folder, "", unix.MS_BIND, ""); err != nil {
					t.Skipf("this user may not mount anything: %v", err)
				}
				t.Cleanup(func() { unix.Unmount(folder, unix.MNT_DETACH) })
				return unix.Mount("", folder, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
			},
			[]string{"is on a file system that is mounted read-only", "mount it for writing"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "sub")
			file := filepath.Join(folder, "authctl.db")
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			p := newProcess("authctl", t.TempDir(), "DATABASE_URL=sqlite:"+file)
			p.run(t, "migrate", "up")
			if err := tt.spoil(t, folder, file); errors.Is(err, os.ErrPermission) {
				t.Skip(err)
			} else if err != nil {
				t.Fatal(err)
			}
			for _, command := range []string{"user create bob --generate", "serve", "config check"} {
				c := p.without(t, []string{"dac_override", "dac_read_search"}, strings.Fields(command)...)
				out, err := c.CombinedOutput()
				said := string(out)
				if err == nil || strings.Contains(said, "check that the database runs") || strings.Contains(said, "the primary") {
					t.Errorf("%s: got %v, %s", command, err, said)
				}
				for _, want := range tt.says {
					if !strings.Contains(said, want) {
						t.Errorf("%s: got %s, want it to say %q", command, said, want)
					}
				}
			}
		})
	}
}

// TestAFullDiskSaysSo: the disk is full when commands open the SQLite file, and when they
// write to it.
func TestAFullDiskSaysSo(t *testing.T) {
	t.Parallel()
	d := newDisk(t, 8)
	file := filepath.Join(d.dir, "authctl.db")
	p := newProcess("authctl", t.TempDir(), "DATABASE_URL=sqlite:"+file)
	p.run(t, "migrate", "up")
	d.fill(t)
	for _, command := range []string{"user list", "user create bob --generate", "serve"} {
		said, exit := p.fails(t, strings.Fields(command)...)
		if exit != 6 || !strings.Contains(said, "disk is full") || !strings.Contains(said, "make room on the disk of the database") || strings.Contains(said, "check that the database runs") {
			t.Errorf("%s: exit %d, %s", command, exit, said)
		}
	}
	d.free(t)
	p.start(t)
	d.fill(t)
	for i := 0; ; i++ { // until there is no room in what the database has
		out, err := p.prepare("user", "create", strings.Repeat("x", i+1), "--generate").CombinedOutput()
		if said := string(out); err != nil {
			if !strings.Contains(said, "disk is full") || !strings.Contains(said, "hint: make room on the disk of the database") {
				t.Errorf("user create: %s", said)
			}
			break
		}
	}
	eventually(t, func() bool {
		said := p.said(t)
		return strings.Contains(said, "the database takes no writes") && strings.Contains(said, "make room on the disk of the database")
	})
}
