package authn

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"sync/atomic"
	"time"
)

// HashStats is the state of password hashing.
type HashStats struct {
	Run     uint64 // Argon2 computations completed since the start
	Running int64  // computations running now
	Waiting int64  // callers waiting for a slot now
}

// maxHashWait bounds how long a login waits for its turn, so that in an overload
// those who are served still have time left, and the others hear of it soon.
const maxHashWait = 2 * time.Second

// hasher runs every Argon2 computation of the process, no more at once than it
// has slots, so that memory stays bounded however many logins arrive.
type hasher struct {
	params  Params
	slots   chan struct{}
	run     atomic.Uint64
	running atomic.Int64
	waiting atomic.Int64
}

func newHasher(p Params, slots int) *hasher {
	return &hasher{params: p, slots: make(chan struct{}, slots)}
}

func (h *hasher) stats() HashStats {
	return HashStats{Run: h.run.Load(), Running: h.running.Load(), Waiting: h.waiting.Load()}
}

// hash returns the PHC string of a normalized password at the configured cost.
func (h *hasher) hash(ctx context.Context, password string, t *stopwatch) (string, error) {
	d := digest{params: h.params, salt: make([]byte, saltLength)}
	rand.Read(d.salt)
	tag, err := h.compute(ctx, password, d, tagLength, t)
	if err != nil {
		return "", err
	}
	d.tag = tag
	return d.String(), nil
}

// verify reports whether a normalized password belongs to d.
func (h *hasher) verify(ctx context.Context, password string, d digest, t *stopwatch) (bool, error) {
	tag, err := h.compute(ctx, password, d, len(d.tag), t)
	return err == nil && subtle.ConstantTimeCompare(tag, d.tag) == 1, err
}

// waste computes a hash at the configured cost for an account that has none, so
// that its absence costs what a wrong password costs.
func (h *hasher) waste(ctx context.Context, password string, t *stopwatch) error {
	_, err := h.compute(ctx, password, digest{params: h.params, salt: make([]byte, saltLength)}, tagLength, t)
	return err
}

// outdated reports whether a verified hash should be replaced by one at the
// configured cost.
func (h *hasher) outdated(d digest) bool {
	return d.params != h.params || len(d.salt) != saltLength || len(d.tag) != tagLength
}

// compute waits for a slot and runs Argon2id. The slot belongs to the work: a
// caller that goes away while it computes does not free it early. It fails with
// [CodeOverloaded] when ctx ends, or maxHashWait is over, in the queue.
func (h *hasher) compute(ctx context.Context, password string, d digest, length int, t *stopwatch) ([]byte, error) {
	if err := h.await(ctx); err != nil {
		return nil, &Error{Code: CodeOverloaded, Message: "too many sign-ins at once, try again in a moment",
			RetryAfter: maxHashWait, Err: err}
	}
	h.running.Add(1)
	defer func() {
		h.running.Add(-1)
		<-h.slots
	}()
	t.lap("hash_wait")
	tag := compute(password, d.salt, d.params, length)
	h.run.Add(1)
	t.lap("hash")
	return tag, nil
}

var errHashWait = errors.New("no turn to hash within " + maxHashWait.String())

// await takes a slot.
func (h *hasher) await(ctx context.Context) error {
	h.waiting.Add(1)
	defer h.waiting.Add(-1)
	timeout := time.NewTimer(maxHashWait)
	defer timeout.Stop()
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-timeout.C:
		return errHashWait
	}
	if err := ctx.Err(); err != nil { // both were ready
		<-h.slots
		return err
	}
	return nil
}
