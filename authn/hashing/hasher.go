// Package hashing computes the password hashes of a process within a budget of memory and time.
//
// A [Hasher] has a queue, first come first served. It refuses a caller that would wait too long with
// [*Overloaded]. New hashes are Argon2id (RFC 9106) at one configured cost; stored hashes may have
// another cost, or be another program's. Verifying takes as long for an unknown account as for a wrong password.
package hashing

import (
	"context"
	"crypto/rand"
	"errors"
	"runtime/debug"
	"time"

	"github.com/authctl/authctl/authn/hashing/argon2id"
)

// Hasher computes all password hashes of a process within one budget. It is safe for concurrent use.
type Hasher struct {
	config   Config
	params   Params
	peppers  peppers
	entrance queue // for places, see [Place]
	queue    queue
	residue  residue
	pace     pace
	floor    *floor
	arenas   *arenas  // nil for golang.org/x/crypto/argon2
	threads  *threads // nil unless AddThreads was called
	broken   error    // why arenas is nil where there is a faster implementation
	stats    *counters
	now      func() time.Time
}

// Implementation names what computes Argon2 here.
func (h *Hasher) Implementation() string {
	if h.arenas == nil {
		return Portable
	}
	return string(h.arenas.impl)
}

// SelfCheck compares the fast implementation with golang.org/x/crypto/argon2 at the
// configured cost. It takes as long as two hashes. When they differ, or the fast one has failed
// its check in [New], it returns an error, and golang.org/x/crypto/argon2 computes from
// then on. Call it before anyone signs in.
func (h *Hasher) SelfCheck() error {
	if h.arenas == nil {
		return h.broken
	}
	p := h.params
	h.broken = argon2id.Check(h.arenas.impl, p.Iterations, p.Memory, p.Parallelism)
	debug.FreeOSMemory() // returns what the check has used
	if h.broken != nil {
		h.arenas = nil
	}
	return h.broken
}

// Close wipes the memory of past hashes, and that of a running hash when it is done. Do not
// start another hash afterwards.
func (h *Hasher) Close() {
	if h.arenas != nil {
		h.arenas.close()
	}
}

// Took is when a computation began, how long it had waited for that, and how long it ran.
type Took struct {
	Began     time.Time
	Wait, Run time.Duration

	aside time.Duration // the part of Run that was counted for another purpose
}

// Hash returns the PHC string of a new password, in NFC, at the configured cost. It
// fails with [*Overloaded].
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	p, err := h.Enter(ctx, ForAccount)
	if err != nil {
		return "", err
	}
	defer p.Leave()
	encoded, _, err := h.hash(ctx, password, ForAccount)
	return encoded, err
}

// Upgrade returns the PHC string of a password that was verified, in NFC, at the configured cost. It needs
// no [Place] of its own. It fails with [*Overloaded], without the delay: the caller signs in with the old hash.
func (h *Hasher) Upgrade(ctx context.Context, password string) (string, Took, error) {
	return h.hash(ctx, password, ForUpgrade)
}

func (h *Hasher) hash(ctx context.Context, password string, why Purpose) (string, Took, error) {
	d := h.newDigest()
	var failed error
	took, err := h.run(ctx, d.params.bytes(), why, func() (aside time.Duration) {
		d.tag, failed = h.tag(password, d, tagLength)
		return 0
	})
	if err := errors.Join(err, failed); err != nil {
		return "", took, err
	}
	return d.String(), took, nil
}

// newDigest returns a digest of the configured cost with a new salt and no tag.
func (h *Hasher) newDigest() digest {
	d := digest{params: h.params, salt: make([]byte, saltLength), pepper: h.peppers.current}
	rand.Read(d.salt)
	return d
}

// Waste computes a hash for an account that has none, so that the missing hash costs as much time as a
// wrong password. It computes what a new account would get, so that the two never
// differ in cost, and as many as a wrong password costs. It fails with [*Overloaded].
func (h *Hasher) Waste(ctx context.Context, password Password) (Took, error) {
	var failed error
	took, err := h.run(ctx, h.params.bytes(), ForNobody, func() (aside time.Duration) {
		failed = h.waste(password)
		return 0
	})
	return took, errors.Join(err, failed)
}

// waste computes a hash for each text that a hash of ours is compared with. The caller has a queue slot.
func (h *Hasher) waste(password Password) error {
	for _, text := range password.Texts() {
		if _, err := h.tag(text, h.newDigest(), tagLength); err != nil {
			return err
		}
	}
	return nil
}

// Hold delays a refused sign-in until the password would have been compared with the costliest stored hash,
// counted from when its own hash began. It takes no queue slot. It ends early when the client hangs up and at
// [Hasher.EndHolding], and not at a deadline of ctx.
func (h *Hasher) Hold(ctx context.Context, password Password, began time.Time) {
	h.floor.hold(ctx, password, began, h.now())
}

// EndHolding ends every [Hasher.Hold] at once, also those to come: the process is about to end.
func (h *Hasher) EndHolding() { h.floor.end() }

func (h *Hasher) outdatedOwn(d digest) bool {
	return d.params != h.params || len(d.salt) != saltLength || len(d.tag) != tagLength || d.pepper != h.peppers.current
}

// usable returns an error when a hash of ours cannot be verified here.
func (h *Hasher) usable(d digest) error {
	if d.params.bytes() > h.queue.Memory {
		return errOutsized
	}
	_, err := h.peppers.season(d.pepper, "")
	return err
}

// tag computes the hash of a password with the salt and cost of d. The caller has a queue slot.
func (h *Hasher) tag(password string, d digest, length int) ([]byte, error) {
	seasoned, err := h.peppers.season(d.pepper, password)
	if err != nil {
		return nil, err
	}
	if h.arenas == nil {
		h.residue.begin(d.params.bytes())
		defer h.residue.end(d.params.bytes())
		return compute(seasoned, d.salt, d.params, length), nil
	}
	return h.arenas.key(seasoned, d.salt, d.params, length)
}

// run does work in a queue slot. The slot belongs to the work: a caller that goes away meanwhile
// does not free it early. run fails with [*Overloaded] when ctx ends in the queue, or when the wait is or
// would be too long. work returns how much of its time it has already counted for another purpose.
func (h *Hasher) run(ctx context.Context, memory int64, why Purpose, work func() (aside time.Duration)) (took Took, err error) {
	asked := h.now()
	err = h.queue.acquire(ctx, memory)
	took.Began = h.now()
	if err != nil {
		return Took{}, h.refuse(ctx, err, why)
	}
	took.Wait = took.Began.Sub(asked)
	h.threads.begin(h.queue.Workers)
	defer h.threads.end()
	var aside time.Duration
	defer func() {
		took.Run = h.now().Sub(took.Began)
		took.aside = aside
		h.stats.done(why, took.Wait, took.Run-aside)
		typical := took.Run
		if why == ForFloor { // says nothing about those who wait
			typical = 0
		}
		h.queue.release(memory, typical)
	}()
	aside = work()
	return took, nil
}

// refuse delays the caller briefly and returns [*Overloaded]. It does not delay a login that
// only skips its hash upgrade.
func (h *Hasher) refuse(ctx context.Context, err error, why Purpose) error {
	if errors.Is(err, errOutsized) {
		return err
	}
	over, tooLong := err.(*Overloaded)
	if tooLong {
		h.stats.refused(why)
	} else { // ctx has ended
		over = &Overloaded{RetryAfter: time.Second, err: err}
	}
	if why != ForUpgrade {
		h.pace.hold(ctx)
	}
	return over
}
