package authn

import (
	"context"

	"github.com/authctl/authctl/authn/foreign"
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

// verify reports whether a password belongs to a stored hash.
func (h *Hasher) verify(ctx context.Context, password typed, s storedHash, t *stopwatch) (ok bool, err error) {
	if s.foreign == nil {
		return h.verifyOwn(ctx, password.nfc, s.own, t)
	}
	err = h.run(ctx, s.foreign.Memory(), ForLogin, t, func() {
		h.residue.begin(s.foreign.Memory())
		defer h.residue.end(s.foreign.Memory())
		ok = s.foreign.Verify(password.raw)
	})
	return ok, err
}

// outdated reports whether a verified hash should be replaced by one at the
// configured cost.
func (h *Hasher) outdated(s storedHash) bool { return s.foreign != nil || h.outdatedOwn(s.own) }
