package hashing

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/authctl/authctl/authn/hashing/foreign"
)

// Stored is a parsed password hash from the database: one of ours, or one that another program made for a
// user who was imported.
type Stored struct {
	Barred bool // its user may not sign in, even with the right password

	own     digest
	foreign *foreign.Hash // nil for ours
}

// Password is one password in the two forms that are hashed.
type Password struct {
	Typed string // as typed; other programs hash this
	NFC   string // in Unicode's normal form C; authctl hashes this
}

// Parse parses a stored hash. It fails when the hash is corrupt, needs more memory than the budget has, or needs
// a pepper that is not configured.
func (h *Hasher) Parse(encoded string) (Stored, error) {
	d, err := parseDigest(encoded)
	if err == nil {
		return Stored{own: d}, h.usable(d)
	}
	f, err := foreign.Parse(encoded, h.queue.Memory)
	if err != nil {
		return Stored{}, err
	}
	return Stored{foreign: &f}, nil
}

// memory returns the bytes of working memory that comparing a password takes.
func (s Stored) memory() int64 {
	if s.foreign == nil {
		return s.own.params.bytes()
	}
	return s.foreign.Memory()
}

// kind returns the algorithm, and the cost in the algorithm's own measure.
func (s Stored) kind() (algorithm string, effort int64) {
	if s.foreign == nil {
		return "own", int64(s.own.params.Memory) * int64(s.own.params.Iterations)
	}
	return s.foreign.Algorithm(), s.foreign.Effort()
}

// asToday reports whether a stored hash has the configured cost.
func (h *Hasher) asToday(s Stored) bool { return s.foreign == nil && s.own.params == h.params }

// Verify reports whether a password belongs to a stored hash, and how long that took. After a wrong
// password, and for a barred user, it also computes one hash of the configured cost in the same slot, unless
// the stored hash has that cost: so the time does not tell a cheap hash from no account. For
// costlier hashes there is [Hasher.Hold]. It fails with [*Overloaded].
func (h *Hasher) Verify(ctx context.Context, password Password, s Stored) (ok bool, took Took, err error) {
	ok, took, err = h.compare(ctx, password, s, counted{ForLogin, ForNobody})
	if err == nil && (!ok || s.Barred) && !h.asToday(s) {
		algorithm, effort := s.kind()
		h.floor.learn(algorithm, effort, took.Run)
	}
	return ok, took, err
}

// counted is what the comparison and the hash after it are counted as.
type counted struct{ compare, waste Purpose }

func (h *Hasher) compare(ctx context.Context, password Password, s Stored, why counted) (ok bool, took Took, err error) {
	memory := s.memory()
	if !h.asToday(s) {
		memory = max(memory, h.params.bytes())
	}
	var failed error
	took, err = h.run(ctx, memory, why.compare, func() (aside time.Duration) {
		if ok, failed = h.belongs(password, s); failed != nil || ok && !s.Barred || h.asToday(s) {
			return 0
		}
		compared := h.now()
		_, failed = h.tag(password.NFC, h.newDigest(), tagLength)
		aside = h.now().Sub(compared)
		h.stats.done(why.waste, 0, aside)
		return aside
	})
	return ok, took, errors.Join(err, failed)
}

// belongs compares a password with a stored hash. The caller has a queue slot.
func (h *Hasher) belongs(password Password, s Stored) (bool, error) {
	if s.foreign != nil {
		h.residue.begin(s.foreign.Memory())
		defer h.residue.end(s.foreign.Memory())
		return s.foreign.Verify(password.Typed), nil
	}
	tag, err := h.tag(password.NFC, s.own, len(s.own.tag))
	return err == nil && subtle.ConstantTimeCompare(tag, s.own.tag) == 1, err
}

// Outdated reports whether a login should replace a verified hash by one of the
// configured cost.
func (h *Hasher) Outdated(s Stored) bool {
	if h.config.KeepsStronger && h.cheapens(s) {
		return false
	}
	return s.foreign != nil || h.outdatedOwn(s.own)
}

// cheapens reports whether a hash at the configured cost is cheaper to attack than a stored one; see
// [Params.WeakerThan]. The cost of another program's hash is not comparable: it counts as
// more expensive when the configured cost is below the minimum for production.
func (h *Hasher) cheapens(s Stored) bool {
	if s.foreign != nil {
		return h.params.BelowFloor()
	}
	return h.params.WeakerThan(s.own.params)
}
