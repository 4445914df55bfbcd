package authn

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// The limits on remembered logouts. Anybody can invent refresh tokens, so sessions that no
// signed access token names may take at most half of the room.
const (
	maxPending         = 10_000
	maxPendingUnproven = maxPending / 2

	pendingEvery   = time.Second     // between two attempts to carry them out
	pendingTimeout = 5 * time.Second // for one attempt
)

// LogoutsFinished says that delayed logouts were written to the database.
const LogoutsFinished FollowEvent = "delayed logouts were written to the database"

// pendingLogout is one logout request. It holds no token, only the sessions to end and the event to
// record.
type pendingLogout struct {
	sessions []uuid.UUID
	event    store.Event
}

// pendingLogouts remembers logouts that the database could not take.
type pendingLogouts struct {
	size     atomic.Int64 // number of sessions, readable without the lock
	mu       sync.Mutex
	sessions map[uuid.UUID]bool // true if a signed access token named the session
	unproven int
	requests []*pendingLogout // oldest first
}

// remember adds those of the sessions that are not remembered yet, while there is room. It returns
// how many it left out.
func (p *pendingLogouts) remember(sessions []uuid.UUID, proven func(uuid.UUID) bool, e store.Event) (leftOut int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sessions == nil {
		p.sessions = map[uuid.UUID]bool{}
	}
	r := &pendingLogout{event: e}
	for _, id := range sessions {
		if _, kept := p.sessions[id]; kept {
			continue
		}
		known := proven(id)
		if len(p.sessions) >= maxPending || (!known && p.unproven >= maxPendingUnproven) {
			leftOut++
			continue
		}
		if !known {
			p.unproven++
		}
		p.sessions[id] = known
		r.sessions = append(r.sessions, id)
	}
	if len(r.sessions) > 0 {
		p.requests = append(p.requests, r)
	}
	p.size.Store(int64(len(p.sessions)))
	return leftOut
}

// has reports whether a session is to be ended.
func (p *pendingLogouts) has(session uuid.UUID) bool {
	if p.size.Load() == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, kept := p.sessions[session]
	return kept
}

// list returns the requests, oldest first.
func (p *pendingLogouts) list() []*pendingLogout {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// forget removes a request that was carried out.
func (p *pendingLogouts) forget(r *pendingLogout) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = slices.DeleteFunc(p.requests, func(other *pendingLogout) bool { return other == r })
	for _, id := range r.sessions {
		if !p.sessions[id] {
			p.unproven--
		}
		delete(p.sessions, id)
	}
	p.size.Store(int64(len(p.sessions)))
}

// PendingLogouts returns the sessions whose logout waits for the database, oldest first. They are
// lost when the process ends.
func (c *Cluster) PendingLogouts() (sessions []uuid.UUID) {
	for _, r := range c.pending.list() {
		sessions = append(sessions, r.sessions...)
	}
	return sessions
}

// CountPendingLogouts returns how many sessions wait to be ended.
func (c *Cluster) CountPendingLogouts() int { return int(c.pending.size.Load()) }

// FinishLogouts ends the sessions whose logout waits for the database. It stops when the database
// is unavailable, and continues after any other error.
func (c *Cluster) FinishLogouts(ctx context.Context) error {
	var errs []error
	for _, r := range c.pending.list() {
		err := c.finishLogout(ctx, r)
		if err != nil {
			errs = append(errs, err)
		}
		if CodeOf(err) == CodeUnavailable {
			break
		}
	}
	return errors.Join(errs...)
}

func (c *Cluster) finishLogout(ctx context.Context, r *pendingLogout) error {
	ctx, cancel := context.WithTimeout(ctx, pendingTimeout)
	defer cancel()
	if _, err := c.store.EndSessionsLate(ctx, r.sessions, c.now(), r.event); err != nil {
		return fail(err)
	}
	c.pending.forget(r)
	return nil
}

// finishLogouts carries out pending logouts until ctx ends, and then once more.
func (c *Cluster) finishLogouts(ctx context.Context, notice func(FollowEvent, error)) {
	ticker := time.NewTicker(pendingEvery)
	defer ticker.Stop()
	for {
		over := false
		select {
		case <-ctx.Done():
			over = true
		case <-ticker.C:
		}
		if c.CountPendingLogouts() > 0 {
			_ = c.FinishLogouts(context.WithoutCancel(ctx)) // the rest stays pending
			if c.CountPendingLogouts() == 0 {
				notice(LogoutsFinished, nil)
			}
		}
		if over {
			return
		}
	}
}
