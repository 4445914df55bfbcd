package cmd_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/authctl/authctl/store/storetest"
)

// setbacks are ways to reset the database of a cluster to an earlier state. Each saves the
// state, and returns a function that restores it.
var setbacks = map[string]func(t testing.TB, c *storetest.Cluster) (restore func()){
	"a dump": func(t testing.TB, c *storetest.Cluster) func() {
		file := dump(t, c)
		return func() { load(t, c, file) }
	},
	"a base backup": func(t testing.TB, c *storetest.Cluster) func() {
		backup := c.BaseBackup(t)
		return func() {
			c.Stop(t)
			c.Restore(t, backup)
			c.Start(t)
		}
	},
}

// TestARestoreAsDocumentedBringsNothingRevokedBack: after the restore, everything that was
// ever issued is invalid, whether it was revoked or not.
func TestARestoreAsDocumentedBringsNothingRevokedBack(t *testing.T) {
	soak(t)
	for name, save := range setbacks {
		t.Run("from "+name, func(t *testing.T) {
			t.Parallel()
			c := storetest.NewCluster(t)
			dir, environ := t.TempDir(), faultEnviron(t, c.CreateDatabase(t, authDB))
			serve := startServe(t, dir, environ...)
			alice, bob := newGuest(serve, "alice"), newGuest(serve, "bob")
			alice.join(t)
			bob.join(t)
			restore := save(t, c)
			serve.run(t, "token", "revoke-all", "--user", "alice", "--yes")
			serve.run(t, "token", "revoke-all", "--everyone", "--yes")
			late := newGuest(serve, "bob")
			late.signIn(t)
			if said, exit := serve.fails(t, "restore", "begin"); exit != 3 {
				t.Errorf("restore begin while a server runs: exit code %d: %s", exit, said)
			}
			serve.terminate(t)
			serve.run(t, "restore", "begin")
			restore()
			serve.run(t, "restore", "finish", "--yes")
			serve = startServe(t, dir, environ...)
			for _, g := range []*guest{alice, bob, late} {
				g.isOut(t)
			}
			alice.signIn(t)
			alice.wantsToBeSignedIn(t)
			confirmed(t, serve, 1, "token", "revoke-all", "--user", "alice", "--yes", "-o", "json")
			alice.isOut(t)
		})
	}
}

// TestAServerNoticesThatItsDatabaseWentBack restores the database while a server runs. The
// server remembers the revocations since the backup, and writes them to the database again.
func TestAServerNoticesThatItsDatabaseWentBack(t *testing.T) {
	soak(t)
	for name, save := range setbacks {
		t.Run("to "+name, func(t *testing.T) {
			t.Parallel()
			c := storetest.NewCluster(t)
			dir, environ := t.TempDir(), faultEnviron(t, c.CreateDatabase(t, authDB))
			serve := startServe(t, dir, environ...)
			revoked, loggedOut, kept := newGuest(serve, "revoked"), newGuest(serve, "out"), newGuest(serve, "kept")
			for _, g := range []*guest{revoked, loggedOut, kept} {
				g.join(t)
			}
			restore := save(t, c)
			serve.run(t, "token", "revoke-all", "--user", revoked.name, "--yes")
			access, refresh := loggedOut.access, loggedOut.refresh
			loggedOut.answered(t, "POST", "/logout", "")
			loggedOut.access, loggedOut.refresh = access, refresh
			restore()
			eventually(t, func() bool {
				return strings.Contains(serve.said(t), "revocations that the database lost are written to it again")
			})
			revoked.isOut(t)
			loggedOut.isOut(t)
			kept.wantsToBeSignedIn(t)
			eventually(t, func() bool { return kept.ask("GET", "/readyz", "").status == http.StatusOK })
			serve.kill(t)
			startServe(t, dir, environ...)
			revoked.isOut(t)
			loggedOut.isOut(t)
			kept.wantsToBeSignedIn(t)
		})
	}
}
