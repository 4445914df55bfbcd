package authn

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/authctl/authctl/authn/hashing/argon2id"
)

// Purpose is what a password is hashed for.
type Purpose string

// The purposes.
const (
	ForLogin   Purpose = "login"   // comparing with the stored hash
	ForNobody  Purpose = "nobody"  // a login without a hash to compare with
	ForUpgrade Purpose = "upgrade" // replacing a hash of another cost, at a login
	ForAccount Purpose = "account" // a new account, or a new password
	ForFloor   Purpose = "floor"   // learning how long a stored hash takes
)

// Purposes returns every purpose.
func Purposes() []Purpose {
	return []Purpose{ForLogin, ForNobody, ForUpgrade, ForAccount, ForFloor}
}

// HasherConfig is what [NewHasher] needs to know.
type HasherConfig struct {
	Params          Params // cost of new hashes
	Budget          Budget
	Pepper          string   // key that passwords are hashed with, at least 32 bytes; "" for none
	PreviousPeppers []string // keys that stored hashes may still need
	Portable        bool     // compute with golang.org/x/crypto/argon2 also where there is a faster implementation
	KeepsStronger   bool     // never replace a stored hash by a cheaper one
}

// Hasher runs every password hash of the process, within one budget.
type Hasher struct {
	config   HasherConfig
	params   Params
	peppers  peppers
	entrance queue // for places, see [place]
	queue    queue
	residue  residue
	pace     pace
	floor    *floor
	arenas   *arenas // nil for golang.org/x/crypto/argon2
	broken   error   // why it is nil, where it should not be
	stats    *hashCounters
	now      func() time.Time // time.Now, but in tests
}

// NewHasher makes a Hasher. It fails when the cost or a pepper is not allowed, or the
// cost does not fit the budget.
func NewHasher(cfg HasherConfig) (*Hasher, error) {
	if err := cfg.Params.Validate(); err != nil {
		return nil, err
	}
	peppers, err := newPeppers(cfg.Pepper, cfg.PreviousPeppers)
	if err != nil {
		return nil, err
	}
	b := cfg.Budget
	if b.Workers <= 0 {
		b.Workers = runtime.GOMAXPROCS(0)
	}
	need := int64(b.Workers) * cfg.Params.bytes()
	if b.Memory <= 0 {
		b.Memory = need
	}
	if b.MaxWait <= 0 {
		b.MaxWait = defaultMaxWait
	}
	if cfg.Params.bytes() > b.Memory {
		return nil, fmt.Errorf("one password hash needs %d KiB, which is more than the memory budget of %d KiB", cfg.Params.Memory, b.Memory>>10)
	}
	h := &Hasher{
		config: cfg,
		params: cfg.Params, peppers: peppers,
		entrance: queue{Budget: Budget{Workers: 2 * int(min(int64(b.Workers), b.Memory/cfg.Params.bytes())), MaxWait: b.MaxWait}},
		queue:    queue{Budget: b},
		residue:  newResidue(min(b.Memory, need)),
		pace:     pace{every: paceStep},
		floor:    newFloor(),
		stats:    newHashCounters(),
		now:      time.Now,
	}
	if !cfg.Portable {
		h.arenas, h.broken = newArenas(b.Memory)
	}
	return h, nil
}

// Implementation names what computes Argon2 here.
func (h *Hasher) Implementation() string {
	if h.arenas == nil {
		return ImplementationPortable
	}
	return string(h.arenas.impl)
}

// SelfCheck compares the fast implementation with golang.org/x/crypto/argon2 at the
// configured cost, which takes as long as two hashes. When they differ, or the fast one
// has failed its check at the start, the latter computes from then on, and the error says
// so. Call it before anyone signs in.
func (h *Hasher) SelfCheck() error {
	if h.arenas == nil {
		return h.broken
	}
	p := h.params
	h.broken = argon2id.Check(h.arenas.impl, p.Iterations, p.Memory, p.Parallelism)
	debug.FreeOSMemory() // what the check took is not needed any more
	if h.broken != nil {
		h.arenas = nil
	}
	return h.broken
}

// Close wipes the memory that hashes have worked with. Nothing must be hashed any more.
func (h *Hasher) Close() {
	if h.arenas != nil {
		h.arenas.close()
	}
}

// Hash returns the PHC string of a password, as one of a new account is hashed. It
// fails with [CodeOverloaded] as a sign-in would.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	return h.hash(ctx, password, ForAccount, nil)
}

// hash returns the PHC string of a normalized password at the configured cost.
func (h *Hasher) hash(ctx context.Context, password string, why Purpose, t *stopwatch) (string, error) {
	if why == ForAccount {
		p, err := h.enter(ctx, why, t)
		if err != nil {
			return "", err
		}
		defer p.leave()
	}
	d := h.newDigest()
	var failed error
	_, err := h.run(ctx, d.params.bytes(), why, t, func() (aside time.Duration) {
		d.tag, failed = h.tag(password, d, tagLength)
		return 0
	})
	if err := errors.Join(err, failed); err != nil {
		return "", err
	}
	return d.String(), nil
}

// newDigest is one of the configured cost with a new salt, and no tag yet.
func (h *Hasher) newDigest() digest {
	d := digest{params: h.params, salt: make([]byte, saltLength), pepper: h.peppers.current}
	rand.Read(d.salt)
	return d
}

// waste computes a hash for an account that has none, so that its absence costs what a
// wrong password costs. It is one that a new account would get, so that the two cannot come
// to differ in cost. since is when it began.
func (h *Hasher) waste(ctx context.Context, password string, t *stopwatch) (since time.Time, err error) {
	var failed error
	since, err = h.run(ctx, h.params.bytes(), ForNobody, t, func() (aside time.Duration) {
		_, failed = h.tag(password, h.newDigest(), tagLength)
		return 0
	})
	return since, errors.Join(err, failed)
}

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

// tag computes one, within a turn.
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

// run does the work when its turn has come, which is since. The turn belongs to the work: a caller
// that goes away while it is done does not give it back early. It fails with
// [CodeOverloaded] when ctx ends in the queue, or the wait is or would be too long. The work
// returns what part of its time it has counted for another purpose.
func (h *Hasher) run(ctx context.Context, memory int64, why Purpose, t *stopwatch, work func() (aside time.Duration)) (since time.Time, err error) {
	began := h.now()
	err = h.queue.acquire(ctx, memory)
	admitted := h.now()
	if err != nil {
		return time.Time{}, h.refuse(ctx, err, why)
	}
	t.lap("hash_wait")
	var aside time.Duration
	defer func() {
		took := h.now().Sub(admitted)
		h.stats.done(why, admitted.Sub(began), took-aside)
		if why == ForFloor { // says nothing of those who wait
			took = 0
		}
		h.queue.release(memory, took)
		t.lap("hash")
	}()
	aside = work()
	return admitted, nil
}

// refuse holds a caller back for a moment, and makes the error that tells it to come
// again. Of a login that does without its upgrade nobody is held back.
func (h *Hasher) refuse(ctx context.Context, err error, why Purpose) error {
	if err == nil || errors.Is(err, errOutsized) {
		return err
	}
	if errors.As(err, new(errTooLong)) {
		h.stats.refused(why)
	}
	if why != ForUpgrade {
		h.pace.hold(ctx)
	}
	return &Error{Code: CodeOverloaded, Message: "too many sign-ins at once, try again in a moment", RetryAfter: retryAfter(err), Err: err}
}
