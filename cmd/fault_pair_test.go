package cmd_test

import (
	"testing"

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

// failover is a way in which the standby of a pair takes over.
type failover struct {
	name        string
	bouncer     string // the pool mode of the PgBouncer in front of the pair; "" for a proxy of TCP
	synchronous bool   // each commit waits for the standby
	hangs       bool   // the old primary is not killed, but never answers again; behind a proxy of TCP
}

// way is the connection of servers to the current primary of a pair.
type way struct {
	url      string
	environ  []string           // what servers need beside the URL
	failOver func(t testing.TB) // the primary dies, the standby takes over, and the way leads there
	cable    *cable
}

// way opens the connection for this failover.
func (f failover) way(t *testing.T, p *pair) way {
	t.Helper()
	if f.bouncer != "" {
		return p.behindBouncer(t, f.bouncer)
	}
	w := p.behindCable(t)
	if f.hangs {
		w.failOver = func(t testing.TB) {
			p.primary.Freeze()
			p.standby.Promote(t)
			w.cable.lay(t, p.standby.URL(authDB))
		}
	}
	return w
}

// behindCable connects servers through a proxy, which breaks their connections.
func (p *pair) behindCable(t *testing.T) way {
	t.Helper()
	cable, url := newCable(t, p.primary.URL(authDB))
	return way{url: url, cable: cable, failOver: func(t testing.TB) {
		p.primary.Kill(t)
		cable.setCut(true)
		p.standby.Promote(t)
		cable.lay(t, p.standby.URL(authDB))
		cable.setCut(false)
	}}
}

// behindBouncer connects servers through PgBouncer. In transaction mode their connections
// outlive the primary.
func (p *pair) behindBouncer(t *testing.T, mode string) way {
	t.Helper()
	b := storetest.NewBouncer(t, mode, p.primary)
	return way{url: b.URL(authDB), environ: []string{"AUTHCTL_DATABASE_STATEMENT_CACHE=describe"}, failOver: func(t testing.TB) {
		if mode == "transaction" { // in session mode it would wait until all clients are gone
			b.Do(t, "PAUSE")
			defer b.Do(t, "RESUME")
		}
		p.primary.Kill(t)
		p.standby.Promote(t)
		b.PointAt(t, p.standby)
	}}
}
