package cmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authctl/authctl/store/storetest"
)

// TestACommandSaysThatItsCommitWaits: no synchronous standby is connected, so commits wait
// forever.
func TestACommandSaysThatItsCommitWaits(t *testing.T) {
	soak(t)
	c := storetest.NewCluster(t)
	c.CreateDatabase(t, authDB)
	dir := t.TempDir()
	p := newProcess("authctl", dir, faultEnviron(t, c.URL(authDB))...)
	p.run(t, "user", "create", "alice", "--generate")
	c.Set(t, "synchronous_standby_names", "'nobody'")
	said, err := os.Create(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	command := p.prepare("user", "disable", "alice", "--reason", "a fault")
	command.Stderr = said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return strings.Contains(readFile(t, said.Name()), "still waiting") })
	c.Set(t, "synchronous_standby_names", "''")
	if err := command.Wait(); err != nil {
		t.Errorf("it fails although the commit went through: %v: %s", err, readFile(t, said.Name()))
	}
}
