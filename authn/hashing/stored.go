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

// Password is one password as typed, and in NFC. authctl hashes the NFC, most programs what was typed.
type Password = foreign.Password

// Match is the result of comparing a password with a stored hash.
type Match struct {
	OK      bool // the password belongs to the hash
	Whole   bool // the hash saw the whole password; without it, other passwords belong to the hash too
	AsTyped bool // the hash has our spelling, and is of the password as typed: another program made it
}

// Parse parses a stored hash. It fails when the hash is corrupt, needs more memory than the budget has, or needs
// a pepper or a secret that is not configured.
func (h *Hasher) Parse(encoded string) (Stored, error) {
	d, err := parseDigest(encoded)
	if err == nil {
		return Stored{own: d}, h.usable(d)
	}
	prehash, rest, prehashed := cutPrehash(encoded)
	f, err := foreign.Parse(rest, h.queue.Memory)
	if err != nil {
		return Stored{}, err
	}
	if prehashed {
		before, err := h.unseal(prehash)
		if err != nil {
			return Stored{}, err
		}
		f = f.After(before)
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

// sample returns what the floor knows a stored hash by.
func (s Stored) sample() sample {
	if s.foreign == nil {
		return sample{"own", int64(s.own.params.Memory) * int64(s.own.params.Iterations), func(p Password) int { return len(p.Texts()) }}
	}
	return sample{s.foreign.Family(), s.foreign.Effort(), s.foreign.Tries}
}

// asToday reports whether a stored hash has the configured cost.
func (h *Hasher) asToday(s Stored) bool { return s.foreign == nil && s.own.params == h.params }

// Verify compares a password with a stored hash, and returns how long that took. A password that was typed
// in another form than NFC is compared in both. After a wrong password, and for a barred user, it also computes
// what [Hasher.Waste] computes, in the same slot, unless the stored hash has the configured cost: so the time does
// not tell a cheap hash from no account. For costlier hashes there is [Hasher.Hold]. It fails with [*Overloaded].
func (h *Hasher) Verify(ctx context.Context, password Password, s Stored) (m Match, took Took, err error) {
	m, took, err = h.compare(ctx, password, s, counted{ForLogin, ForNobody})
	if err == nil && !m.OK && !h.asToday(s) {
		h.floor.learn(s.sample(), password, took)
	}
	return m, took, err
}

// counted is what the comparison and the hash after it are counted as.
type counted struct{ compare, waste Purpose }

func (h *Hasher) compare(ctx context.Context, password Password, s Stored, why counted) (m Match, took Took, err error) {
	memory := s.memory()
	if !h.asToday(s) {
		memory = max(memory, h.params.bytes())
	}
	var failed error
	took, err = h.run(ctx, memory, why.compare, func() (aside time.Duration) {
		if m, failed = h.belongs(password, s); failed != nil || m.OK && !s.Barred || h.asToday(s) {
			return 0
		}
		compared := h.now()
		failed = h.waste(password)
		aside = h.now().Sub(compared)
		h.stats.done(why.waste, 0, aside)
		return aside
	})
	return m, took, errors.Join(err, failed)
}

// belongs compares a password with a stored hash. The caller has a queue slot.
func (h *Hasher) belongs(password Password, s Stored) (Match, error) {
	if s.foreign == nil {
		return h.belongsOwn(password, s)
	}
	h.residue.begin(s.foreign.Memory())
	defer h.residue.end(s.foreign.Memory())
	m := s.foreign.Verify(password)
	return Match{OK: m.OK, Whole: m.Whole}, nil
}

// belongsOwn compares the NFC of a password, and then the password as typed: another program may have made a
// hash that looks like ours. It computes as many hashes for a barred user as for a wrong password.
func (h *Hasher) belongsOwn(password Password, s Stored) (m Match, err error) {
	for i, text := range password.Texts() {
		tag, err := h.tag(text, s.own, len(s.own.tag))
		if err != nil {
			return Match{}, err
		}
		if subtle.ConstantTimeCompare(tag, s.own.tag) == 1 {
			m = Match{OK: true, Whole: true, AsTyped: i > 0}
		}
		if m.OK && !s.Barred {
			return m, nil
		}
	}
	return m, nil
}

// Outdated reports whether a login should replace a verified hash by one of the configured cost. A hash
// that did not see the whole password stays: the password that was typed may be another than its owner's,
// and would be the only one from then on.
func (h *Hasher) Outdated(s Stored, m Match) bool {
	if !m.Whole || h.config.KeepsStronger && h.cheapens(s) {
		return false
	}
	return s.foreign != nil || m.AsTyped || h.outdatedOwn(s.own)
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
