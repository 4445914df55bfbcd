package cmd_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/authctl/authctl/store/storetest"
)

// dump writes a database to a file (pg_dump).
func dump(t testing.TB, c *storetest.Cluster) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "dump.sql")
	out, err := c.Program("pg_dump", "-d", c.URL(authDB)).Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	if err := os.WriteFile(file, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// load replaces the database of a cluster by the dump.
func load(t testing.TB, c *storetest.Cluster, file string) {
	t.Helper()
	c.Exec(t, "postgres", "DROP DATABASE IF EXISTS "+authDB+" WITH (FORCE)")
	c.Exec(t, "postgres", "CREATE DATABASE "+authDB)
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	psql := c.Program("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", c.URL(authDB))
	psql.Stdin = in
	if out, err := psql.CombinedOutput(); err != nil {
		t.Fatalf("psql: %v: %s", err, out)
	}
}

// TestADumpIsGoodInANewCluster loads a dump into a cluster with other transaction ids. Servers
// there read revocations as before.
func TestADumpIsGoodInANewCluster(t *testing.T) {
	soak(t)
	old, fresh := storetest.NewCluster(t), storetest.NewCluster(t)
	environ := faultEnviron(t, old.CreateDatabase(t, authDB))
	serve := startServe(t, t.TempDir(), environ...)
	newGuest(serve, "alice").join(t)
	old.BurnTransactions(t, 500)
	serve.run(t, "token", "revoke-all", "--user", "alice", "--yes")
	serve.terminate(t)
	load(t, fresh, dump(t, old))

	serve = startServe(t, t.TempDir(), append(environ, "DATABASE_URL="+fresh.URL(authDB))...)
	alice := newGuest(serve, "alice")
	alice.signIn(t)
	alice.wantsToBeSignedIn(t)
	confirmed(t, serve, 1, "token", "revoke-all", "--user", "alice", "--yes", "-o", "json")
	alice.isOut(t)
}
