package authn

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/authctl/authctl/authn/argon2id"
)

// Purpose is what a password is hashed for.
type Purpose string

// The purposes.
const (
	ForLogin   Purpose = "login"   // comparing with the stored hash
	ForNobody  Purpose = "nobody"  // a login without a hash to compare with
	ForUpgrade Purpose = "upgrade" // replacing a hash of another cost, at a login
	ForAccount Purpose = "account" // a new account, or a new password
)

// Purposes returns every purpose.
func Purposes() []Purpose { return []Purpose{ForLogin, ForNobody, ForUpgrade, ForAccount} }

// HasherConfig is what [NewHasher] needs to know.
type HasherConfig struct {
	Params          Params // cost of new hashes
	Budget          Budget
	Pepper          string   // key that passwords are hashed with, at least 32 bytes; "" for none
	PreviousPeppers []string // keys that stored hashes may still need
	Portable        bool     // compute with golang.org/x/crypto/argon2 also where there is a faster implementation
}

// Hasher runs every password hash of the process, within one budget.
type Hasher struct {
	config  HasherConfig
	params  Params
	peppers peppers
	queue   queue
	residue residue
	pace    pace
	arenas  *arenas // nil for golang.org/x/crypto/argon2
	broken  error   // why it is nil, where it should not be
	stats   *hashCounters
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
		queue:   queue{Budget: b},
		residue: newResidue(min(b.Memory, need)),
		pace:    pace{every: paceStep},
		stats:   newHashCounters(),
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

// overloaded fails with [CodeOverloaded] when a hash would have to wait too long. It
// spares whoever is refused, and the database, the work before the hash.
func (h *Hasher) overloaded(ctx context.Context) error {
	return h.refuse(ctx, h.queue.check(), ForLogin)
}

// hash returns the PHC string of a normalized password at the configured cost.
func (h *Hasher) hash(ctx context.Context, password string, why Purpose, t *stopwatch) (string, error) {
	d := digest{params: h.params, salt: make([]byte, saltLength), pepper: h.peppers.current}
	rand.Read(d.salt)
	tag, err := h.argon2(ctx, password, d, tagLength, why, t)
	if err != nil {
		return "", err
	}
	d.tag = tag
	return d.String(), nil
}

// verifyOwn reports whether a normalized password belongs to d.
func (h *Hasher) verifyOwn(ctx context.Context, password string, d digest, t *stopwatch) (bool, error) {
	tag, err := h.argon2(ctx, password, d, len(d.tag), ForLogin, t)
	return err == nil && subtle.ConstantTimeCompare(tag, d.tag) == 1, err
}

// waste computes a hash for an account that has none, so that its absence costs what a
// wrong password costs. It is one that a new account would get, so that the two cannot come
// to differ in cost.
func (h *Hasher) waste(ctx context.Context, password string, t *stopwatch) error {
	_, err := h.hash(ctx, password, ForNobody, t)
	return err
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

func (h *Hasher) argon2(ctx context.Context, password string, d digest, length int, why Purpose, t *stopwatch) (tag []byte, err error) {
	seasoned, err := h.peppers.season(d.pepper, password)
	if err != nil {
		return nil, err
	}
	var failed error
	err = h.run(ctx, d.params.bytes(), why, t, func() {
		if h.arenas == nil {
			h.residue.begin(d.params.bytes())
			defer h.residue.end(d.params.bytes())
			tag = compute(seasoned, d.salt, d.params, length)
			return
		}
		tag, failed = h.arenas.key(seasoned, d.salt, d.params, length)
	})
	return tag, errors.Join(err, failed)
}

// run does the work when its turn has come. The turn belongs to the work: a caller
// that goes away while it is done does not give it back early. It fails with
// [CodeOverloaded] when ctx ends in the queue, or the wait is or would be too long.
func (h *Hasher) run(ctx context.Context, memory int64, why Purpose, t *stopwatch, work func()) error {
	began := time.Now()
	err := h.queue.acquire(ctx, memory)
	admitted := time.Now()
	if err != nil {
		return h.refuse(ctx, err, why)
	}
	t.lap("hash_wait")
	defer func() {
		took := time.Since(admitted)
		h.queue.release(memory, took)
		h.stats.done(why, admitted.Sub(began), took)
		t.lap("hash")
	}()
	work()
	return nil
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
