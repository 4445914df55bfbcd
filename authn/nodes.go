package authn

import (
	"context"
	"time"

	"github.com/authctl/authctl/store"
)

const (
	awaitPause = 10 * time.Millisecond // between two looks at the nodes
	nodeGrace  = 5 * time.Second       // for clocks that differ, before a silent node counts as gone
)

// Reach says how far what was revoked has got.
type Reach struct {
	Nodes   []store.Node // those that may be serving
	Missing []store.Node // those of them that have not confirmed
	Took    time.Duration
}

// Confirmed returns how many nodes have confirmed.
func (r Reach) Confirmed() int { return len(r.Nodes) - len(r.Missing) }

// AwaitNodes waits until every node that may be serving has read each revocation
// from before the call, by this process's clock, for wait at most. A node that was not seen
// for longer than it vouches for tokens serves nobody and is not waited for.
func (s *Service) AwaitNodes(ctx context.Context, wait time.Duration) (Reach, error) {
	upTo, began := s.now(), time.Now()
	for {
		nodes, err := s.store.Nodes(ctx, upTo)
		if err != nil {
			return Reach{}, fail(err)
		}
		reach := Reach{Took: time.Since(began)}
		for _, n := range nodes {
			if !serving(n, s.now()) {
				continue
			}
			reach.Nodes = append(reach.Nodes, n)
			if n.Behind > 0 {
				reach.Missing = append(reach.Missing, n)
			}
		}
		if len(reach.Missing) == 0 || reach.Took >= wait {
			return reach, nil
		}
		select {
		case <-ctx.Done():
			return reach, ctx.Err()
		case <-time.After(awaitPause):
		}
	}
}

// serving reports whether a node may still vouch for tokens.
func serving(n store.Node, now time.Time) bool {
	return now.Before(n.SeenAt.Add(n.Staleness + nodeGrace))
}

// NodeState is a node and what it means.
type NodeState struct {
	store.Node
	Serving bool
}

// Nodes returns every node that was seen in the last day.
func (s *Service) Nodes(ctx context.Context) ([]NodeState, error) {
	now := s.now()
	nodes, err := s.store.Nodes(ctx, now)
	if err != nil {
		return nil, fail(err)
	}
	states := make([]NodeState, len(nodes))
	for i, n := range nodes {
		states[i] = NodeState{n, serving(n, now)}
	}
	return states, nil
}
