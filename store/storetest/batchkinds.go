package storetest

import (
	"errors"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// mixedCases are about changes of other kinds beside rotations. SQLite carries them out in the same
// batches, PostgreSQL at once.
var mixedCases = []testCase{
	{"sign-ins, rotations and logouts that wait are as independent as ever", func(f *fixture) {
		u := f.user("alice")
		rotates, ends := f.session(u, "rotates"), f.session(u, "ends")
		good, stale, twice, unrecorded := f.newSession(u, "good"), f.newSession(u, "stale"), f.newSession(u, "twice"), f.newSession(u, "unrecorded")
		stale.PasswordHash = "$argon2id$other"
		twice.ID = rotates.ID
		f.refuse("BEFORE INSERT ON audit_events", "NEW.session_id = '"+unrecorded.ID.String()+"'")
		h := f.hold()
		var started [4]bool
		var errs [4]error
		for i, n := range []store.NewSession{stale, twice, unrecorded, good} {
			h.beside(func() {
				started[i], errs[i] = f.store.StartSession(f.ctx, n, about(event(store.ActionLogin, noon), u.ID, n.ID))
			})
		}
		rotated := h.rotates(rotation(rotates.ID, "rotates", "rotates next", noon))
		var ended [2]bool
		var endErrs [2]error
		for i, id := range []uuid.UUID{ends.ID, uuid.New()} {
			h.beside(func() {
				ended[i], endErrs[i] = f.store.EndSession(f.ctx, id, event(store.ActionLogout, noon))
			})
		}
		h.letGo()
		equal(f, "started", started, [4]bool{false, false, false, true})
		f.is("stale", errs[0], nil)
		f.is("twice", errs[1], store.ErrConflict)
		if errs[2] == nil {
			f.Error("a sign-in without its event succeeds")
		}
		f.is("good", errs[3], nil)
		f.ok("rotate", rotated.err)
		equal(f, "rotated", rotated.result.Outcome, store.Rotated)
		equal(f, "ended", ended, [2]bool{true, false})
		f.ok("end", errors.Join(endErrs[:]...))
		equal(f, "current", f.outcome(rotates.ID, "rotates next", "x", noon), store.Rotated)
		equal(f, "good", f.outcome(good.ID, "good", "good next", noon), store.Rotated)
		equal(f, "stale", f.outcome(stale.ID, "stale", "x", noon), store.Unknown)
		equal(f, "unrecorded", f.outcome(unrecorded.ID, "unrecorded", "x", noon), store.Unknown)
		equal(f, "ended", f.outcome(ends.ID, "ends", "x", noon), store.Unknown)
	}},
}
