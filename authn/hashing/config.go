package hashing

import (
	"context"
	"fmt"
	"reflect"
	"time"
)

// Config is what [New] needs to know. It trusts the peppers: whoever sets them checks
// that they are hard to guess.
type Config struct {
	Params          Params // cost of new hashes
	Budget          Budget
	Pepper          string   // key that passwords are hashed with; "" for none
	PreviousPeppers []string // keys that stored hashes may still need
	Secrets         []string // the first seals the keys of prehashes, the others open them too; see [Hasher.Adopt]
	Portable        bool     // compute with golang.org/x/crypto/argon2 also where there is a faster implementation
	KeepsStronger   bool     // never replace a stored hash by a cheaper one

	Now   func() time.Time                     // clock; nil for time.Now
	Sleep func(context.Context, time.Duration) // stands in for the wait of [Hasher.Hold], in tests; nil for a timer
}

// New makes a Hasher. It fails when the cost is out of bounds or does not fit the budget.
func New(cfg Config) (*Hasher, error) {
	if err := cfg.Params.Validate(); err != nil {
		return nil, err
	}
	b := cfg.Budget
	if b.Workers <= 0 {
		b.Workers = Processors()
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
		params: cfg.Params, peppers: newPeppers(cfg.Pepper, cfg.PreviousPeppers),
		entrance: queue{Budget: Budget{Workers: 2 * int(min(int64(b.Workers), b.Memory/cfg.Params.bytes())), MaxWait: b.MaxWait}},
		queue:    queue{Budget: b},
		residue:  newResidue(min(b.Memory, need)),
		pace:     pace{every: paceStep},
		floor:    newFloor(cfg.Sleep),
		stats:    newCounters(),
		now:      cfg.Now,
	}
	if h.now == nil {
		h.now = time.Now
	}
	if !cfg.Portable {
		h.arenas, h.broken = newArenas(b.Memory)
	}
	return h, nil
}

// With returns the hasher for another configuration. It is h itself when nothing differs. A new one
// continues the statistics of h, and knows the times of stored hashes that h has learned. It
// fails as [New] does.
func (h *Hasher) With(cfg Config) (*Hasher, error) {
	if reflect.DeepEqual(cfg, h.config) {
		return h, nil
	}
	after, err := New(cfg)
	if err != nil {
		return nil, err
	}
	after.stats, after.threads = h.stats, h.threads
	after.floor.inherit(h.floor)
	return after, nil
}
