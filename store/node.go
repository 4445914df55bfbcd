package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Nodes is the part of [Store] about the servers that share the database.
type Nodes interface {
	// SaveNode adds a node or updates all of it. It ignores the fields that [Nodes.Nodes] computes.
	SaveNode(ctx context.Context, n Node) error

	// RemoveNode removes a node that shuts down, if it exists.
	RemoveNode(ctx context.Context, id uuid.UUID) error

	// ForgetNode removes a node on behalf of an operator and writes e, with the node's name and id
	// at the start of its reason. [ErrNotFound] when there is none.
	ForgetNode(ctx context.Context, id uuid.UUID, e Event) error

	// TakeOverNodes removes the nodes of servers that have died. A server calls it before it
	// announces itself. Where all servers of a database run on one machine, it does so only if no
	// other server runs; from then on it holds a lock that shows other servers that this one runs.
	// Elsewhere nobody can know, and it removes none.
	TakeOverNodes(ctx context.Context) (removed int, err error)

	// RemoveOldNodes removes the nodes that were last seen before an instant.
	RemoveOldNodes(ctx context.Context, seenBefore time.Time) error

	// Nodes returns every node, ordered by name and id. Behind and Lag are about the revocations at
	// or before upTo that a node has not read.
	Nodes(ctx context.Context, upTo time.Time) ([]Node, error)

	// LastServer returns how long ago, by the database's clock, a server of this database was last
	// seen. It includes servers that RemoveNode, ForgetNode or TakeOverNodes has removed.
	LastServer(ctx context.Context) (LastServer, error)

	// AskNodes makes every running node read the feed and save itself. It appends an entry of
	// changed signing keys, which ends nothing.
	AskNodes(ctx context.Context, at time.Time) error

	// Resume records that this installation, or one of its servers, could not answer until now.
	// Tokens that were replaced in the last hour may then be presented again for the retry window
	// from now, by the database's clock. A clock that is not zero replaces the database's, as in
	// [Rotation]. Resume writes e.
	Resume(ctx context.Context, clock time.Time, e Event) error
}

// LastServer says when a server was last seen.
type LastServer struct {
	Ever bool          // a server was seen
	Ago  time.Duration // since then; 0 when none was seen
}

// MaxBehind is the max value of Node.Behind, so that a node that died long ago costs no more than a
// live one.
const MaxBehind = 1000

// Node is one server process.
type Node struct {
	ID          uuid.UUID
	Name        string
	Version     string
	Environment string // production or development; "" when the node's release does not report it
	StartedAt   time.Time
	SeenAt      time.Time     // when it last read the feed, by the database's clock
	Staleness   time.Duration // how long after SeenAt the node still vouches for tokens
	AccessTTL   time.Duration // lifetime of the access tokens that it signs
	Position    Position      // how far it has read the feed
	Keys        string        // ids of the signing keys that it can sign with, separated by spaces

	// Computed by [Store.Nodes], by the database's clock where it has one.
	Silent time.Duration // since SeenAt
	Behind int64         // revocations that it has not read, up to [MaxBehind]; at least 1 while its Position is in another history
	Lag    time.Duration // since the first unread revocation; 0 when there is none
}
