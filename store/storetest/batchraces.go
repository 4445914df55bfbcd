package storetest

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var batchRaceCases = []testCase{
	{"of many who wait with one token one rotates it and all others get its successor", func(f *fixture) {
		const clients = 64
		u := f.user("alice")
		n, other := f.session(u, "one"), f.session(u, "other")
		h := f.hold()
		var got [clients]*rotated
		for i := range got {
			got[i] = h.rotates(rotation(n.ID, "one", fmt.Sprint("next ", i), noon))
		}
		beside := h.rotates(rotation(other.ID, "other", "other next", noon))
		h.release()
		h.finish(2) // PostgreSQL's hold 64
		f.ok("rotate", beside.err)
		equal(f, "another session", beside.result.Outcome, store.Rotated)
		winner := -1
		for i, r := range got {
			f.ok("rotate", r.err)
			if r.result.Outcome == store.Rotated {
				equal(f, "the one before who rotated it", winner, -1)
				winner = i
			}
		}
		if winner < 0 {
			f.Fatal("nobody rotated the token")
		}
		want := got[winner].result
		want.Outcome, want.Successors = store.Retried, []store.Sealed{sealedAs(fmt.Sprint("next ", winner))}
		for i, r := range got {
			if i != winner {
				equal(f, fmt.Sprint("client ", i), r.result, want)
			}
		}
		equal(f, "rows of the two and of the holders", f.rows(), 2+mostWorkers+1)
	}},
	{"replaced tokens that wait beside the rotation of their session lead to its newest token", func(f *fixture) {
		const sessions = 10
		u := f.user("alice")
		var ids [sessions]uuid.UUID
		token := func(i, step int) string { return fmt.Sprintf("session %d token %d", i, step) }
		for i := range ids {
			ids[i] = f.session(u, token(i, 1)).ID
			equal(f, "outcome", f.outcome(ids[i], token(i, 1), token(i, 2), noon), store.Rotated)
		}
		h := f.hold()
		var rotates, retries [sessions]*rotated
		for i, id := range ids {
			if i%2 == 0 {
				rotates[i] = h.rotates(rotation(id, token(i, 2), token(i, 3), noon))
			}
			retries[i] = h.rotates(rotation(id, token(i, 1), "x", noon))
			if i%2 > 0 {
				rotates[i] = h.rotates(rotation(id, token(i, 2), token(i, 3), noon))
			}
		}
		h.letGo()
		for i := range ids {
			f.ok("rotate", rotates[i].err)
			f.ok("retry", retries[i].err)
			equal(f, token(i, 2), rotates[i].result.Outcome, store.Rotated)
			equal(f, token(i, 1), retries[i].result.Outcome, store.Retried)
			f.leads(token(i, 1), retries[i].result) // it was judged before the rotation, or after
			equal(f, token(i, 3), f.outcome(ids[i], token(i, 3), token(i, 4), noon), store.Rotated)
		}
	}},
	{"a forged token that waits beside the rotation of its session ends that and no other", func(f *fixture) {
		u := f.user("alice")
		stolen, kept := f.session(u, "stolen"), f.session(u, "kept")
		h := f.hold()
		thief := h.rotates(rotation(stolen.ID, "forged", "x", noon))
		owner := h.rotates(rotation(stolen.ID, "stolen", "stolen next", noon))
		beside := h.rotates(rotation(kept.ID, "kept", "kept next", noon))
		e := about(refresh(noon), u.ID, stolen.ID)
		e.Action = store.ActionSessionReused
		f.writes("the batches", func() { h.letGo() }, e)
		f.got("thief", thief, store.RotateResult{Outcome: store.Reused})
		f.ok("rotate", owner.err)
		if o := owner.result.Outcome; o != store.Unknown && o != store.Rotated { // after the thief, or before
			f.Errorf("owner: got %s", o)
		}
		f.ok("rotate", beside.err)
		equal(f, "another session", beside.result.Outcome, store.Rotated)
		f.goneFor(stolen.ID)
	}},
}
