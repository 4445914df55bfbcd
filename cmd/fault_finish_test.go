package cmd_test

import (
	"strings"
	"testing"

	"github.com/authctl/authctl/store/storetest"
)

// TestAFinishedRestoreHoldsInANewCluster restores a dump from before a revocation into a
// cluster with other transaction ids. Nobody empties a table by hand.
func TestAFinishedRestoreHoldsInANewCluster(t *testing.T) {
	soak(t)
	old, fresh := storetest.NewCluster(t), storetest.NewCluster(t)
	environ := append(faultEnviron(t, old.CreateDatabase(t, authDB)), "AUTHCTL_REVOCATION_MAX_STALENESS=5s")
	serve := startServe(t, t.TempDir(), environ...)
	alice, bob := newGuest(serve, "alice"), newGuest(serve, "bob")
	alice.join(t)
	bob.join(t)
	old.BurnTransactions(t, 500)
	serve.run(t, "token", "revoke-all", "--user", "bob", "--yes")
	file := dump(t, old)
	serve.run(t, "token", "revoke-all", "--user", "alice", "--yes")
	serve.kill(t)
	load(t, fresh, file)

	serve.environ = append(serve.environ, "DATABASE_URL="+fresh.URL(authDB))
	serve.run(t, "restore", "finish", "--yes")
	if listed := strings.TrimSpace(serve.run(t, "node", "list", "-o", "ids")); listed != "" {
		t.Errorf("servers of the dump are still listed: %s", listed)
	}
	serve = startServe(t, serve.dir, append(environ, "DATABASE_URL="+fresh.URL(authDB))...)
	for _, g := range []*guest{alice, bob} {
		g.url = serve.url
		g.isOut(t)
	}
	alice.signIn(t)
	alice.wantsToBeSignedIn(t)
	confirmed(t, serve, 1, "token", "revoke-all", "--user", "alice", "--yes", "-o", "json")
	alice.isOut(t)
}
