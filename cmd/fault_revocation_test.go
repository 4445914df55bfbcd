package cmd_test

import (
	"net/http"
	"testing"
)

// TestARevocationHoldsAfterAFailover: a server has read the feed to a position that the new
// primary has not reached. A revocation after the failover must hold as soon as the command
// confirms it.
func TestARevocationHoldsAfterAFailover(t *testing.T) {
	soak(t)
	for _, fault := range []failover{
		{name: "to a lagging standby behind one address"},
		{name: "to a lagging standby behind PgBouncer", bouncer: "transaction"},
		{name: "to a lagging standby behind PgBouncer in session mode", bouncer: "session"},
		{name: "to a synchronous standby behind PgBouncer", bouncer: "transaction", synchronous: true},
	} {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			if fault.synchronous {
				p.primary.RequireStandby(t, "second")
			}
			w := fault.way(t, p)
			environ := append(w.environ, "AUTHCTL_REVOCATION_MAX_STALENESS=20s") // a sixth of it lies between two saves of the node
			serve := startServe(t, t.TempDir(), faultEnviron(t, w.url, environ...)...)
			alice := newGuest(serve, "alice")
			alice.join(t)
			p.standby.CatchUp(t, p.primary)
			if fault.synchronous { // no save is due, which would wait for the standby
				const saved = `SELECT max(seen_at) FROM nodes`
				before := p.primary.Text(t, authDB, saved)
				eventually(t, func() bool { return p.primary.Text(t, authDB, saved) != before })
			}
			p.standby.Detach(t)
			p.primary.BurnTransactions(t, 500)
			serve.hasRead(t)
			w.failOver(t)
			eventually(t, func() bool { return alice.ask("GET", "/verify", "").status == http.StatusOK })
			claimed := serve.revokes(t, "alice")
			if got := alice.ask("GET", "/verify", ""); claimed && got.status == http.StatusOK {
				t.Errorf("a revoked token is good after the command claims otherwise: %v", got)
			}
			eventually(t, func() bool { return alice.ask("GET", "/verify", "").status == http.StatusUnauthorized })
		})
	}
}

// TestARevocationThatTheDatabaseLostIsMadeAgain ends everybody's sessions. Only the primary
// and the server know of this when the primary dies.
func TestARevocationThatTheDatabaseLostIsMadeAgain(t *testing.T) {
	soak(t)
	p := newPair(t)
	w := p.behindCable(t)
	dir, environ := t.TempDir(), faultEnviron(t, w.url)
	serve := startServe(t, dir, environ...)
	alice := newGuest(serve, "alice")
	alice.join(t)
	p.standby.CatchUp(t, p.primary)
	p.standby.Detach(t)
	serve.run(t, "token", "revoke-all", "--everyone", "--yes")
	alice.isOut(t)
	w.failOver(t)
	fresh := newGuest(serve, "alice")
	eventually(t, func() bool {
		return fresh.ask("POST", "/login", fresh.account(guestPassword)).status == http.StatusOK && fresh.ask("GET", "/verify", "").status == http.StatusOK
	})
	fresh.wantsToBeSignedIn(t)
	alice.isOut(t)
	serve.kill(t)
	startServe(t, dir, environ...)
	alice.isOut(t)
	fresh.wantsToBeSignedIn(t)
}
