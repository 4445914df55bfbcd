package authn

import (
	"context"
	"time"

	"github.com/authctl/authctl/store"
)

// restoreReason is the reason in a restore's events when the operator gave none.
const restoreReason = "a backup was restored"

// RunningServers returns the servers that may be running on this database. On SQLite the answer is
// exact, because each server holds a lock. On PostgreSQL a killed server counts until it can no
// longer vouch for tokens.
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

// ServersAfterRestore is RunningServers for a database that was just restored. It may contain
// servers from the time of the backup. A running server saves itself within a sixth of the time
// that it vouches for tokens, so this waits that long for any of them to change.
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

// FinishRestore prepares a database that was restored from a backup for serving. Everything issued
// before is dead from then on, so that revocations after the backup cannot be undone. It raises the
// generations beyond every value that a server's clock can have produced.
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
