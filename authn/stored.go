package authn

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/authctl/authctl/authn/hashing/foreign"
)

// storedHash is a password hash as the store has it: one of ours, or one that came with
// its user from another program.
type storedHash struct {
	own     digest
	foreign *foreign.Hash // nil for ours
}

// typed is a password as somebody typed it, and as we hash it.
type typed struct {
	raw string // other programs hashed this
	nfc string
}

// parse reads a stored hash, and fails when it is corrupt, or cannot be verified here:
// it costs more than the budget has, or needs a pepper that is not known.
func (h *Hasher) parse(encoded string) (storedHash, error) {
	d, err := parseDigest(encoded)
	if err == nil {
		return storedHash{own: d}, h.usable(d)
	}
	f, err := foreign.Parse(encoded, h.queue.Memory)
	if err != nil {
		return storedHash{}, err
	}
	return storedHash{foreign: &f}, nil
}

// memory is how many bytes comparing a password with it takes.
func (s storedHash) memory() int64 {
	if s.foreign == nil {
		return s.own.params.bytes()
	}
	return s.foreign.Memory()
}

// kind returns the algorithm, and how costly the hash is among those of the same.
func (s storedHash) kind() (algorithm string, effort int64) {
	if s.foreign == nil {
		return "own", int64(s.own.params.Memory) * int64(s.own.params.Iterations)
	}
	return s.foreign.Algorithm(), s.foreign.Effort()
}

// asToday reports whether comparing a password with it costs what the configured cost says.
func (h *Hasher) asToday(s storedHash) bool { return s.foreign == nil && s.own.params == h.params }

// check reports whether a password belongs to a stored hash, and when comparing them began. Where
// it does not, or its user is barred, one hash of the configured cost is computed after one that
// costs otherwise, in the same turn: a cheap one is not to be told from no account by the time
// that it takes. For a costlier one there is the [floor].
func (h *Hasher) check(ctx context.Context, password typed, s storedHash, barred bool, t *stopwatch) (ok bool, since time.Time, err error) {
	ok, since, took, err := h.compare(ctx, password, s, barred, purposes{ForLogin, ForNobody}, t)
	if err == nil && (!ok || barred) && !h.asToday(s) {
		algorithm, effort := s.kind()
		h.floor.learn(algorithm, effort, took)
	}
	return ok, since, err
}

// purposes is what comparing is counted as, and the hash after it.
type purposes struct{ compare, waste Purpose }

func (h *Hasher) compare(ctx context.Context, password typed, s storedHash, barred bool, why purposes, t *stopwatch) (ok bool, since time.Time, took time.Duration, err error) {
	memory := s.memory()
	if !h.asToday(s) {
		memory = max(memory, h.params.bytes())
	}
	var failed error
	since, err = h.run(ctx, memory, why.compare, t, func() (aside time.Duration) {
		began := h.now()
		defer func() { took = h.now().Sub(began) }()
		if ok, failed = h.belongs(password, s); failed != nil || ok && !barred || h.asToday(s) {
			return 0
		}
		compared := h.now()
		_, failed = h.tag(password.nfc, h.newDigest(), tagLength)
		aside = h.now().Sub(compared)
		h.stats.done(why.waste, 0, aside)
		return aside
	})
	return ok, since, took, errors.Join(err, failed)
}

// belongs compares a password with a stored hash, within a turn.
func (h *Hasher) belongs(password typed, s storedHash) (bool, error) {
	if s.foreign != nil {
		h.residue.begin(s.foreign.Memory())
		defer h.residue.end(s.foreign.Memory())
		return s.foreign.Verify(password.raw), nil
	}
	tag, err := h.tag(password.nfc, s.own, len(s.own.tag))
	return err == nil && subtle.ConstantTimeCompare(tag, s.own.tag) == 1, err
}

// outdated reports whether a verified hash should be replaced by one at the
// configured cost.
func (h *Hasher) outdated(s storedHash) bool {
	if h.config.KeepsStronger && h.cheapens(s) {
		return false
	}
	return s.foreign != nil || h.outdatedOwn(s.own)
}

// cheapens reports whether a hash at the configured cost is easier to attack than a stored one, as
// [Params.WeakerThan] says. The cost of another program's hash is not
// comparable; one below the minimum for production counts as easier.
func (h *Hasher) cheapens(s storedHash) bool {
	if s.foreign != nil {
		return h.params.BelowFloor()
	}
	return h.params.WeakerThan(s.own.params)
}
