package authn

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const (
	nodesPause = 10 * time.Millisecond // between two queries of the nodes
	nodeGrace  = 5 * time.Second       // tolerance for a clock change, before a silent node counts as gone
)

// Reach says which servers have confirmed a revocation or a key.
type Reach struct {
	Nodes   []store.Node // the nodes that may be serving
	Missing []store.Node // the ones among Nodes that have not confirmed
	Silent  []store.Node // other nodes that fell silent, without signing off, within the life of an access token
	Moved   bool         // the database's history has changed since [Cluster.NoteHistory]; revocations may be lost
	Took    time.Duration
}

// Confirmed returns how many nodes have confirmed.
func (r Reach) Confirmed() int { return len(r.Nodes) - len(r.Missing) }

// NoteHistory records the current history of the database. If [Cluster.AwaitRevocations] finds the
// same one later, revocations written in between are known to last.
func (c *Cluster) NoteHistory(ctx context.Context) error {
	history, err := c.history(ctx)
	if err == nil {
		c.noted = &history
	}
	return err
}

func (c *Cluster) history(ctx context.Context) (store.History, error) {
	none := c.now().Add(feedSlack) // later than every entry
	feed, err := c.store.Revocations(ctx, "", none)
	if err != nil {
		return store.History{}, fail(err)
	}
	return feed.History, nil
}

// moved reports whether the database is in another history than the recorded one.
func (c *Cluster) moved(ctx context.Context, limit time.Duration) (bool, error) {
	if c.noted == nil {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	now, err := c.history(ctx)
	return err == nil && now != *c.noted, err
}

// AwaitRevocations waits until every node that may be serving has read each revocation from before
// the call, by this process's clock, or until wait has passed. It does not wait for a node that was
// silent for longer than it vouches for tokens, because such a node refuses them. That node may still
// serve from another database, such as a former primary that was cut off from its promoted replica;
// so Silent names it. AwaitRevocations tries again when a query fails.
func (c *Cluster) AwaitRevocations(ctx context.Context, wait time.Duration) (Reach, error) {
	return c.pollNodes(ctx, wait, func(n store.Node) bool { return n.Behind == 0 })
}

// pollNodes queries the nodes until holds(n) is true for every node that may be serving, or wait has passed.
func (c *Cluster) pollNodes(ctx context.Context, wait time.Duration, holds func(store.Node) bool) (Reach, error) {
	upTo, began := c.now(), time.Now()
	for {
		limit := max(wait-time.Since(began), time.Second)
		nodes, err := c.nodesWithin(ctx, upTo, limit)
		reach := Reach{Took: time.Since(began)}
		for _, n := range nodes {
			if c.silent(n) {
				reach.Silent = append(reach.Silent, n)
			}
			if !serving(n) {
				continue
			}
			reach.Nodes = append(reach.Nodes, n)
			if !holds(n) {
				reach.Missing = append(reach.Missing, n)
			}
		}
		if err == nil && (len(reach.Missing) == 0 || reach.Took >= wait) {
			if reach.Moved, err = c.moved(ctx, limit); err == nil { // last, so that it covers the readings before
				return reach, nil
			}
		}
		if err != nil && (ctx.Err() != nil || reach.Took >= wait) {
			return Reach{}, fail(err)
		}
		select {
		case <-ctx.Done():
			return reach, ctx.Err()
		case <-time.After(nodesPause):
		}
	}
}

func (c *Cluster) nodesWithin(ctx context.Context, upTo time.Time, limit time.Duration) ([]store.Node, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return c.store.Nodes(ctx, upTo)
}

// serving reports whether a node may still vouch for tokens.
func serving(n store.Node) bool { return n.Silent < n.Staleness+nodeGrace }

// silent reports whether a node has neither signed off nor is known to serve, while tokens that it
// signed or accepted since it was last seen may still be alive.
func (c *Cluster) silent(n store.Node) bool {
	return !serving(n) && n.Silent < max(n.AccessTTL, c.accessTTL)
}

// AwaitKey waits until every node that may be serving can sign with a key, or wait has passed.
func (c *Cluster) AwaitKey(ctx context.Context, id string, wait time.Duration) (Reach, error) {
	return c.pollNodes(ctx, wait, func(n store.Node) bool { return holds(n, id) })
}

// Forget removes a node that has ended without signing off, so that nobody is warned about it any
// more. A node that still runs announces itself again within seconds. It fails with
// [CodeNodeNotFound].
func (c *Cluster) Forget(ctx context.Context, a Actor, id uuid.UUID) error {
	err := c.store.ForgetNode(ctx, id, a.event(store.ActionNodeForgotten, c.now()))
	if errors.Is(err, store.ErrNotFound) {
		return refuse(CodeNodeNotFound, "there is no server "+id.String())
	}
	if err != nil {
		return fail(err)
	}
	return nil
}

// NodeState is a node and its state.
type NodeState struct {
	store.Node
	Serving    bool
	FellSilent bool // it may serve from another database; see [Reach]
}

// Nodes returns every node that was seen in the last day.
func (c *Cluster) Nodes(ctx context.Context) ([]NodeState, error) {
	nodes, err := c.store.Nodes(ctx, c.now())
	if err != nil {
		return nil, fail(err)
	}
	states := make([]NodeState, len(nodes))
	for i, n := range nodes {
		states[i] = NodeState{n, serving(n), c.silent(n)}
	}
	return states, nil
}

// LastServer returns when a server was last seen on this database.
func (c *Cluster) LastServer(ctx context.Context) (store.LastServer, error) {
	last, err := c.store.LastServer(ctx)
	if err != nil {
		return store.LastServer{}, fail(err)
	}
	return last, nil
}
