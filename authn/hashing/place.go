package hashing

import (
	"context"
	"time"
)

// Place is a caller's promise of a hash. There are twice as many places as workers: a caller with a place
// queries the database while other callers' hashes are computed, and then waits little for its own. A login
// counts its attempt only with a place. So clients that hang up cannot make the database count attempts
// that are never computed.
type Place struct {
	queue *queue
	since time.Time // zero after Leave
	now   func() time.Time
}

// Enter waits for a place. It fails with [*Overloaded] when the wait is or would be too long,
// or ctx ends, and when too many refused sign-ins are being delayed.
func (h *Hasher) Enter(ctx context.Context, why Purpose) (*Place, error) {
	if err := h.floor.full(); err != nil {
		return nil, h.refuse(ctx, err, why)
	}
	if err := h.queue.check(); err != nil {
		return nil, h.refuse(ctx, err, why)
	}
	if err := h.entrance.acquire(ctx, 0); err != nil {
		return nil, h.refuse(ctx, err, why)
	}
	return &Place{&h.entrance, h.now(), h.now}, nil
}

// Leave frees the place. Calling it again does nothing.
func (p *Place) Leave() {
	if p.since.IsZero() {
		return
	}
	p.queue.release(0, p.now().Sub(p.since))
	p.since = time.Time{}
}
