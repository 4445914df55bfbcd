package storetest

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

// NewStandby starts a standby of a running cluster, which streams what the cluster commits
// (PostgreSQL documentation, 27.2). name is what synchronous_standby_names calls it.
func (c *Cluster) NewStandby(t testing.TB, name string) *Cluster {
	t.Helper()
	s := newClusterFolder(t)
	s.program(t, "pg_basebackup", "-D", s.data(), "-R", "-X", "stream", "--checkpoint=fast", "--no-sync",
		"-d", "host="+c.dir+" user=postgres application_name="+name)
	s.Start(t)
	c.awaitQuery(t, `SELECT EXISTS (SELECT 1 FROM pg_stat_replication WHERE application_name = $1 AND state = 'streaming')`, name)
	return s
}

// BaseBackup returns a copy of a running cluster (pg_basebackup). It does not start the copy.
func (c *Cluster) BaseBackup(t testing.TB) *Cluster {
	t.Helper()
	b := newClusterFolder(t)
	b.program(t, "pg_basebackup", "-D", b.data(), "-X", "stream", "--checkpoint=fast", "--no-sync", "-d", "host="+c.dir+" user=postgres")
	return b
}

// Restore puts a base backup in the place of the cluster's data. Neither may run.
func (c *Cluster) Restore(t testing.TB, backup *Cluster) {
	t.Helper()
	if err := errors.Join(os.RemoveAll(c.data()), os.Rename(backup.data(), c.data())); err != nil {
		t.Fatal(err)
	}
}

// RequireStandby makes each commit wait for the standby of this name. It returns when the server
// reports this standby as synchronous.
func (c *Cluster) RequireStandby(t testing.TB, name string) {
	t.Helper()
	c.Set(t, "synchronous_standby_names", "'"+name+"'")
	c.awaitQuery(t, `SELECT EXISTS (SELECT 1 FROM pg_stat_replication WHERE application_name = $1 AND sync_state = 'sync')`, name)
}

// CatchUp waits until the standby has replayed everything that the primary has written.
func (c *Cluster) CatchUp(t testing.TB, primary *Cluster) {
	t.Helper()
	upTo := primary.Text(t, "postgres", "SELECT pg_current_wal_insert_lsn()")
	primary.Exec(t, "postgres", "SELECT pg_switch_wal()") // writes the log that is still in memory
	c.awaitQuery(t, "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", upTo)
}

// Detach makes a standby receive nothing from now on, so that it lags behind its primary.
func (c *Cluster) Detach(t testing.TB) {
	t.Helper()
	c.Set(t, "primary_conninfo", "''")
	c.awaitQuery(t, "SELECT NOT EXISTS (SELECT 1 FROM pg_stat_wal_receiver)")
}

// Promote makes a standby a primary. It returns when the new primary accepts writes.
func (c *Cluster) Promote(t testing.TB) {
	t.Helper()
	c.Exec(t, "postgres", "SELECT pg_promote()")
	c.awaitQuery(t, "SELECT NOT pg_is_in_recovery()")
}

// BurnTransactions uses n transaction ids of a primary and rolls all of them back. A standby that is
// promoted soon afterwards assigns the same ids again. A synchronous standby does so too, because no
// commit has waited for it.
func (c *Cluster) BurnTransactions(t testing.TB, n int) {
	t.Helper()
	c.Exec(t, "postgres", fmt.Sprintf("DO $$ BEGIN FOR i IN 1..%d LOOP PERFORM pg_current_xact_id(); ROLLBACK; END LOOP; END $$", n))
}
