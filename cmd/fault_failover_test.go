package cmd_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

// TestAFailoverMakesNobodyAThief: clients work while the database fails over. An asynchronous
// standby loses commits, and clients with newer tokens must sign in again. With a synchronous
// standby nobody notices.
func TestAFailoverMakesNobodyAThief(t *testing.T) {
	soak(t)
	for _, fault := range []failover{
		{name: "a lagging standby behind one address"},
		{name: "a lagging standby behind PgBouncer", bouncer: "transaction"},
		{name: "a synchronous standby behind one address", synchronous: true},
		{name: "a synchronous standby while the old primary hangs", synchronous: true, hangs: true},
	} {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			w := fault.way(t, p)
			serve := startServe(t, t.TempDir(), faultEnviron(t, w.url, w.environ...)...)
			quiet := newGuest(serve, "quiet")
			quiet.join(t)
			patience := impatient
			if fault.hangs { // some connections, so that others are served: no outage tells of the answers that were lost
				patience = patient
			}
			all := newBusyGuests(t, serve, 16, patience)
			l := openLedger(t, serve)
			l.round(t)
			var excused []string
			if fault.synchronous {
				p.primary.RequireStandby(t, "second")
			} else {
				p.standby.CatchUp(t, p.primary)
				p.standby.Detach(t)
				excused = []string{"session_revoked"}
			}
			all.served(t)
			w.failOver(t)
			over := time.Now()
			quiet.wantsToBeSignedIn(t)
			all.served(t)
			t.Logf("all were served %s after the failover", time.Since(over))
			all.leave(t, excused...)
			l.close()
			kept := keptBy(t, p.standby, authDB)
			l.holds(t, serve, kept)
			if lost := l.lost(kept); fault.synchronous && lost > 0 {
				t.Errorf("a synchronous standby has lost %d acknowledged entries", lost)
			}
			if thefts := p.standby.Text(t, authDB, `SELECT count(*) FROM audit_events WHERE action = $1`, string(store.ActionSessionReused)); thefts != "0" {
				t.Errorf("%s thefts were reported, and there was none", thefts)
			}
		})
	}
}

// TestASwitchoverBehindOneAddressRecovers: the old primary survives as a standby and refuses
// writes, and the server's connections to it stay open. Only new connections lead to the new
// primary.
func TestASwitchoverBehindOneAddressRecovers(t *testing.T) {
	soak(t)
	p := newPair(t)
	w := p.behindCable(t)
	serve := startServe(t, t.TempDir(), faultEnviron(t, w.url)...)
	victim := newGuest(serve, "victim")
	victim.join(t)
	all := newBusyGuests(t, serve, 16, impatient)
	all.served(t)
	p.primary.Set(t, "default_transaction_read_only", "on")
	p.standby.CatchUp(t, p.primary)
	p.standby.Detach(t)
	p.standby.Promote(t)
	w.cable.lay(t, p.standby.URL(authDB))
	over := time.Now()
	all.served(t)
	t.Logf("all were served %s after the switchover", time.Since(over))
	if claimed := serve.revokes(t, "victim"); claimed && victim.ask("GET", "/verify", "").status == http.StatusOK {
		t.Error("a revoked token is good after the command claims otherwise")
	}
	victim.isOut(t)
	all.leave(t)
	call(t, http.DefaultClient, "GET", serve.url+"/readyz", "", nil, http.StatusOK)
}
