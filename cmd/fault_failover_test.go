package cmd_test

import (
	"net/http"
	"testing"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/storetest"
)

// pair is a primary and its standby.
type pair struct{ primary, standby *storetest.Cluster }

const authDB = "authctl"

// newPair starts a primary with a migrated database, and a standby.
func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{primary: storetest.NewCluster(t)}
	p.primary.CreateDatabase(t, authDB)
	p.standby = p.primary.NewStandby(t, "second")
	return p
}

// TestARevocationHoldsAfterAFailover has a server whose database fails over while it holds a
// position in the feed that the new primary has not reached. What is revoked then is refused
// once the command says so.
func TestARevocationHoldsAfterAFailover(t *testing.T) {
	soak(t)
	for _, fault := range []struct {
		name, mode  string // of PgBouncer
		synchronous bool
	}{
		{"to a lagging standby behind PgBouncer in session mode", "session", false},
	} {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			if fault.synchronous {
				p.primary.RequireStandby(t, "second")
			}
			bouncer := storetest.NewBouncer(t, fault.mode, p.primary)
			serve := startServe(t, t.TempDir(), "DATABASE_URL="+bouncer.URL(authDB), "JWT_SECRET="+randomSecret(), "AUTHCTL_DATABASE_STATEMENT_CACHE=describe")
			alice := newGuest(serve, "alice")
			alice.join(t)
			p.standby.CatchUp(t, p.primary)
			p.standby.Detach(t)
			p.primary.BurnTransactions(t, 500)
			serve.hasRead(t)
			if fault.mode == "transaction" {
				bouncer.Do(t, "PAUSE")
			}
			p.primary.Kill(t)
			p.standby.Promote(t)
			bouncer.PointAt(t, p.standby)
			if fault.mode == "transaction" {
				bouncer.Do(t, "RESUME")
			}
			eventually(t, func() bool { return alice.ask("GET", "/verify", "").status == http.StatusOK })
			claimed := serve.revokes(t, "alice")
			if got := alice.ask("GET", "/verify", ""); claimed && got.status == http.StatusOK {
				t.Errorf("a revoked token is good after the command claims otherwise: %v", got)
			}
			eventually(t, func() bool { return alice.ask("GET", "/verify", "").status == http.StatusUnauthorized })
		})
	}
}

// fail kills the primary and promotes the standby, which from now on is where the cable leads.
func (p *pair) fail(t testing.TB, c *cable) {
	t.Helper()
	p.primary.Kill(t)
	c.setCut(true)
	p.standby.Promote(t)
	c.lay(t, p.standby.URL(authDB))
	c.setCut(false)
}

// TestAFailoverMakesNobodyAThief has clients at work while the database fails over. What a lagging
// standby has not got is lost, and those who hold newer tokens have to sign in again. Behind a
// synchronous one nobody notices.
func TestAFailoverMakesNobodyAThief(t *testing.T) {
	soak(t)
	for name, synchronous := range map[string]bool{"to a synchronous standby": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			cable, throughCable := newCable(t, p.primary.URL(authDB))
			serve := startServe(t, t.TempDir(), faultEnviron(t, throughCable)...)
			quiet := newGuest(serve, "quiet")
			quiet.join(t)
			all := newGuests(t, serve, 10)
			l := openLedger(serve)
			all.served(t)
			var excused []string
			if synchronous {
				p.primary.RequireStandby(t, "second")
			} else {
				p.standby.CatchUp(t, p.primary)
				p.standby.Detach(t)
				excused = []string{"session_revoked"}
			}
			all.served(t)
			p.fail(t, cable)
			quiet.wantsToBeSignedIn(t)
			all.served(t)
			all.leave(t, excused...)
			l.close()
			l.holds(t, serve, keptBy(t, p.standby, authDB))
			if thefts := p.standby.Text(t, authDB, `SELECT count(*) FROM audit_events WHERE action = $1`, string(store.ActionSessionReused)); thefts != "0" {
				t.Errorf("%s thefts were reported, and there was none", thefts)
			}
			if unclaimed := l.lost(keptBy(t, p.standby, authDB)); synchronous && unclaimed > 0 {
				t.Errorf("a synchronous standby has lost %d acknowledged entries", unclaimed)
			}
		})
	}
}
