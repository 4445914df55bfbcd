package authn

import (
	"sync/atomic"
	"time"

	"github.com/authctl/authctl/store"
)

// Cluster is what this process and the other servers of an installation know of each other, and of
// what has ended access: the feed of revocations, the nodes, their clocks, and the history of the
// database. A command uses it to wait for the servers, a server joins it.
type Cluster struct {
	store     store.Store
	keys      *Keys
	accessTTL time.Duration
	staleness time.Duration // how long this process vouches for tokens without reading the feed
	retry     time.Duration // the retry window of refresh tokens
	now       func() time.Time
	database  func() time.Time // what stands in for the database's clock; zero for its own

	feed      *feed
	applied   atomic.Pointer[func(store.Feed)] // is told of revocations that this node has read; nil for nobody
	replaced  atomic.Bool                      // the database was, so that this process must end
	announced atomic.Pointer[time.Time]        // when this node last announced itself; nil when it has not joined
	pending   pendingLogouts
	writes    writes
	setback   atomic.Pointer[setback] // that this node has not overcome yet; nil for none
	noted     *store.History          // by [Cluster.NoteHistory]; nil for none
	outage    outage
	clocks    clockDifference
}
