package hashing

import (
	"context"
	"time"
)

// Place is the promise of a hash. There are twice as many as hashes are computed at once: who
// has one asks the database what to compare the password with while the hashes of others are
// computed, and is not kept waiting much longer. Whatever is counted is counted with a place, so that
// clients that hang up cannot make the database count what is never computed.
type Place struct {
	queue *queue
	since time.Time // zero once it is given back
	now   func() time.Time
}

// Enter waits for a place. It fails with [*Overloaded] when the wait is or would be too long,
// or ctx ends, and when too many refused sign-ins are held back.
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

// Leave gives the place back; only the first time counts.
func (p *Place) Leave() {
	if p.since.IsZero() {
		return
	}
	p.queue.release(0, p.now().Sub(p.since))
	p.since = time.Time{}
}
