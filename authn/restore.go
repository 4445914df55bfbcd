package authn

import (
	"context"
	"time"

	"github.com/authctl/authctl/store"
)

// restoreReason is that of the events of a restore for which the operator gave none.
const restoreReason = "a backup was restored"

// RunningServers returns the servers that may be running on this database, as far as it can be
// told: on SQLite exactly, by the lock that each of them holds. On PostgreSQL one that was
// killed counts until it cannot vouch for tokens any more.
func (c *Cluster) RunningServers(ctx context.Context) ([]store.Node, error) {
	if _, err := c.store.TakeOverNodes(ctx); err != nil {
		return nil, fail(err)
	}
	nodes, err := c.store.Nodes(ctx, c.now())
	if err != nil {
		return nil, fail(err)
	}
	var running []store.Node
	for _, n := range nodes {
		if serving(n) {
			running = append(running, n)
		}
	}
	return running, nil
}

// ServersAfterRestore is RunningServers of a database that was just restored. It may hold servers
// of the moment of the backup: one that runs is seen again within a sixth of the time that it
// vouches for tokens, so it waits that long for any of them to move.
func (c *Cluster) ServersAfterRestore(ctx context.Context) ([]store.Node, error) {
	first, err := c.RunningServers(ctx)
	if err != nil || len(first) == 0 {
		return nil, err
	}
	var wait time.Duration
	seen := map[string]time.Time{}
	for _, n := range first {
		seen[n.ID.String()] = n.SeenAt
		wait = max(wait, n.Staleness/6+2*pollEvery)
	}
	for deadline := time.Now().Add(wait); ; {
		nodes, err := c.store.Nodes(ctx, c.now())
		if err != nil {
			return nil, fail(err)
		}
		var running []store.Node
		for _, n := range nodes {
			if at, known := seen[n.ID.String()]; serving(n) && (!known || !n.SeenAt.Equal(at)) {
				running = append(running, n)
			}
		}
		if len(running) > 0 || !time.Now().Before(deadline) {
			return running, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pollEvery / 10):
		}
	}
}

// FinishRestore makes a database that was restored from a backup fit to serve: whatever was
// issued before is dead, also what was revoked after the backup. The generations go to where no clock
// of a server can have been.
func (c *Cluster) FinishRestore(ctx context.Context, a Actor) (store.Restoration, error) {
	now := c.now()
	if a.Reason == "" {
		a.Reason = restoreReason
	}
	done, err := c.store.FinishRestore(ctx, store.NextGeneration(now.Add(feedSlack)), a.event(store.ActionRestoreFinished, now))
	if err != nil {
		return store.Restoration{}, fail(err)
	}
	return done, nil
}
