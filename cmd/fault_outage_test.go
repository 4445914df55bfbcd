package cmd_test

import (
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/authctl/authctl/store/storetest"
)

// The retry window in these tests, and how long an outage lasts.
const (
	outageWindow = 2 * time.Second
	outage       = 5 * time.Second
	silence      = 8 * time.Second // an outage in which connections stay; a server knows after seven seconds that it is one
)

// faultEnviron is the environment of servers in a fault test: they keep their address over a
// restart, and the outage is longer than their retry window.
func faultEnviron(t *testing.T, database string, environ ...string) []string {
	t.Helper()
	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{
		"DATABASE_URL=" + database, "JWT_SECRET=" + randomSecret(), "AUTHCTL_SERVER_PORT=" + port,
		"AUTHCTL_TOKENS_RETRY_WINDOW=" + outageWindow.String(), "AUTHCTL_DATABASE_CONNECT_TIMEOUT=2s",
		"AUTHCTL_REVOCATION_MAX_STALENESS=" + maxStaleness.String(),
	}, environ...)
}

// TestAnOutageSignsNobodyOut: clients keep trying while the service is down for longer than
// the retry window. Some answers are lost.
func TestAnOutageSignsNobodyOut(t *testing.T) {
	soak(t)
	for name, database := range map[string]func(t *testing.T) string{
		"SQLite":     func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "authctl.db") },
		"PostgreSQL": func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run("serve is killed on "+name, func(t *testing.T) {
			t.Parallel()
			dir, environ := t.TempDir(), faultEnviron(t, database(t))
			p := startServe(t, dir, environ...)
			goThrough(t, p, func() *process {
				p.kill(t)
				time.Sleep(outage)
				return startServe(t, dir, environ...)
			})
		})
	}
	for name, fault := range map[string]struct {
		begin, end func(*storetest.Cluster, testing.TB)
		lasts      time.Duration
	}{
		"killed":    {(*storetest.Cluster).Kill, (*storetest.Cluster).Start, outage},
		"restarted": {(*storetest.Cluster).Stop, (*storetest.Cluster).Start, outage},
		"frozen": {
			func(c *storetest.Cluster, _ testing.TB) { c.Freeze() },
			func(c *storetest.Cluster, _ testing.TB) { c.Thaw() },
			silence,
		},
	} {
		t.Run("PostgreSQL is "+name, func(t *testing.T) {
			t.Parallel()
			c := storetest.NewCluster(t)
			p := startServe(t, t.TempDir(), faultEnviron(t, c.CreateDatabase(t, authDB))...)
			leaving := newGuest(p, "leaving")
			leaving.join(t)
			access, refresh := leaving.access, leaving.refresh
			goThrough(t, p, func() *process {
				fault.begin(c, t)
				time.Sleep(fault.lasts)
				if got := leaving.ask("POST", "/logout", ""); !got.transient() {
					t.Errorf("log out: got %v", got)
				}
				fault.end(c, t)
				return p
			})
			leaving.access, leaving.refresh = access, refresh
			leaving.isOut(t)
			const sessions = `SELECT count(*) FROM refresh_tokens r JOIN users u ON u.id = r.user_id WHERE u.username = 'leaving'`
			eventually(t, func() bool { return c.Text(t, authDB, sessions) == "0" })
		})
	}
}

// goThrough runs clients during a fault. The fault returns the server that answers afterwards.
func goThrough(t *testing.T, p *process, fault func() *process) {
	t.Helper()
	unlucky := newGuest(p, "unlucky")
	unlucky.join(t)
	all := newBusyGuests(t, p, 16, impatient)
	l := openLedger(t, p)
	l.round(t)
	unlucky.renewLosingTheAnswer(t)
	p = fault()
	over := time.Now()
	unlucky.wantsToBeSignedIn(t)
	all.served(t)
	t.Logf("all were served %s after the outage", time.Since(over))
	all.leave(t)
	l.close()
	l.holds(t, p, nil)
}
