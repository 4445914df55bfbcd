package authn

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const (
	awaitPause = 10 * time.Millisecond // between two looks at the nodes
	nodeGrace  = 5 * time.Second       // for a clock that is set, before a silent node counts as gone
)

// Reach says how far what was revoked has got.
type Reach struct {
	Nodes   []store.Node // those that may be serving
	Missing []store.Node // those of them that have not confirmed
	Silent  []store.Node // others that fell silent, without signing off, within the life of an access token
	Moved   bool         // the database is in another history than [Cluster.NoteHistory] found, and may have lost what was revoked
	Took    time.Duration
}

// Confirmed returns how many nodes have confirmed.
func (r Reach) Confirmed() int { return len(r.Nodes) - len(r.Missing) }

// NoteHistory notes which history of the database this process reads. What it revokes afterwards
// is known to hold if [Service.Await] finds the same one still.
func (c *Cluster) NoteHistory(ctx context.Context) error {
	history, err := c.history(ctx)
	if err == nil {
		c.noted = &history
	}
	return err
}

func (c *Cluster) history(ctx context.Context) (store.History, error) {
	none := c.now().Add(feedSlack) // no entry is so young
	feed, err := c.store.Revocations(ctx, "", none)
	if err != nil {
		return store.History{}, fail(err)
	}
	return feed.History, nil
}

// moved reports whether the database is in another history than the one that was noted.
func (c *Cluster) moved(ctx context.Context, limit time.Duration) (bool, error) {
	if c.noted == nil {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	now, err := c.history(ctx)
	return err == nil && now != *c.noted, err
}

// Await waits until every node that may be serving has read each revocation
// from before the call, by this process's clock, for wait at most. A node that was not seen
// for longer than it vouches for tokens serves nobody and is not waited for, unless it
// serves from another database, such as a primary that was cut off when a replica took
// over: so it is named in Silent. A database that fails is asked again while there is time.
func (c *Cluster) Await(ctx context.Context, wait time.Duration) (Reach, error) {
	return c.await(ctx, wait, func(n store.Node) bool { return n.Behind == 0 })
}

// await waits until what is asked for holds of every node that may be serving.
func (c *Cluster) await(ctx context.Context, wait time.Duration, holds func(store.Node) bool) (Reach, error) {
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
			if reach.Moved, err = c.moved(ctx, limit); err == nil { // last: what was read before is of the same history
				return reach, nil
			}
		}
		if err != nil && (ctx.Err() != nil || reach.Took >= wait) {
			return Reach{}, fail(err)
		}
		select {
		case <-ctx.Done():
			return reach, ctx.Err()
		case <-time.After(awaitPause):
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

// silent reports whether a node is not known to serve, nor to have ended, and tokens may
// be alive that it has signed, or seen, since it was heard of.
func (c *Cluster) silent(n store.Node) bool {
	return !serving(n) && n.Silent < max(n.AccessTTL, c.accessTTL)
}

// AwaitKey waits until every node that may be serving can sign with a key, for wait at
// most.
func (c *Cluster) AwaitKey(ctx context.Context, id string, wait time.Duration) (Reach, error) {
	return c.await(ctx, wait, func(n store.Node) bool { return holds(n, id) })
}

// Forget removes a node that has ended without signing off, so that nobody is warned
// of it any more. One that still runs announces itself again within seconds. It fails with
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

// NodeState is a node and what it means.
type NodeState struct {
	store.Node
	Serving    bool
	FellSilent bool // it may serve from another database, see [Reach]
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
