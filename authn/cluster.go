package authn

import (
	"sync/atomic"
	"time"

	"github.com/authctl/authctl/store"
)

// Cluster is this process's view of the servers of an installation: the feed of revocations, the
// nodes, their clocks, and the history of the database. A command uses it to wait for the servers.
// A server joins it.
type Cluster struct {
	store     store.Store
	keys      *Keys
	accessTTL time.Duration
	staleness time.Duration // how long this process vouches for tokens without reading the feed
	retry     time.Duration // the retry window of refresh tokens
	now       func() time.Time
	database  func() time.Time // replaces the database's clock in tests; returns zero to use the database's

	feed      *feed
	applied   atomic.Pointer[func(store.Feed)] // called with revocations that this node has read; nil for none
	replaced  atomic.Bool                      // the database was replaced, so this process must end
	announced atomic.Pointer[time.Time]        // when this node last announced itself; nil when it has not joined
	pending   pendingLogouts
	writes    writes
	setback   atomic.Pointer[setback] // a setback that this node has not overcome yet; nil for none
	noted     *store.History          // the history that [Cluster.NoteHistory] found; nil for none
	outage    outage
	clocks    clockDifference
}
