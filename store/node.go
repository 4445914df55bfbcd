package store

import (
	"time"

	"github.com/google/uuid"
)

// MaxBehind is how far Behind is counted, so that a node which died long ago costs
// no more than one that is alive.
const MaxBehind = 1000

// Node is one server process.
type Node struct {
	ID          uuid.UUID
	Name        string
	Version     string
	Environment string // production or development; "" of a release that does not say
	StartedAt   time.Time
	SeenAt      time.Time     // when it last read the feed, by the database's clock
	Staleness   time.Duration // how long after SeenAt it goes on vouching for tokens
	AccessTTL   time.Duration // how long the access tokens live that it signs
	Position    Position      // how far it has read
	Keys        string        // ids of the signing keys that it can sign with, a blank between them

	// What [Store.Nodes] finds out, by the database's clock where there is a clock.
	Silent time.Duration // since SeenAt
	Behind int64         // revocations that it has not read, counted up to [MaxBehind]; 1 at least while its Position is in another history
	Lag    time.Duration // since the first of those; 0 when there is none
}
