package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Nodes is what a [Store] does with the servers that share it.
type Nodes interface {
	// SaveNode adds a node, or updates all of it; what Nodes finds out is ignored.
	SaveNode(ctx context.Context, n Node) error

	// RemoveNode removes a node that signs off, if there is one.
	RemoveNode(ctx context.Context, id uuid.UUID) error

	// ForgetNode removes a node on behalf of an operator, and writes e, whose reason it
	// begins with the node's name and id. [ErrNotFound] when there is none.
	ForgetNode(ctx context.Context, id uuid.UUID, e Event) error

	// TakeOverNodes is called by a server before it announces itself. Where all servers of
	// a database are processes of one machine it removes the nodes of those that have ended
	// without signing off, when no server runs, and holds a lock from then on that tells
	// others that this one does. Elsewhere nobody can know, and it removes none.
	TakeOverNodes(ctx context.Context) (removed int, err error)

	// RemoveOldNodes forgets the nodes that were last seen before an instant.
	RemoveOldNodes(ctx context.Context, seenBefore time.Time) error

	// Nodes returns every node, by name and id. Behind and Lag are about the
	// revocations at or before upTo that a node has not read.
	Nodes(ctx context.Context, upTo time.Time) ([]Node, error)

	// LastServer returns how long ago, by the database's clock, a server was last seen here: one
	// of Nodes, or one that RemoveNode, ForgetNode or TakeOverNodes has removed.
	LastServer(ctx context.Context) (LastServer, error)

	// AskNodes appends an entry to the feed that ends nothing: one of changed signing keys.
	// Each node that runs reads it, and saves itself.
	AskNodes(ctx context.Context, at time.Time) error

	// Resume records that until now this installation, or one of its servers, could not
	// answer: tokens that were replaced in the last hour may be presented again for the
	// retry window from now, by the database's clock. A clock that is not zero stands in
	// for that, as in [Rotation]. It writes e.
	Resume(ctx context.Context, clock time.Time, e Event) error
}

// LastServer is when a server was last seen.
type LastServer struct {
	Ever bool          // one was
	Ago  time.Duration // 0 when none was
}

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
