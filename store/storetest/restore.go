package storetest

import (
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var restoreCases = []testCase{
	{"finishing a restore ends all that was issued before", func(f *fixture) {
		u, other := f.user("alice"), f.user("bob")
		n := f.session(u, "one")
		f.endAll(f.store, store.OfUser(other.ID), event(store.ActionSessionsRevoked, noon))
		f.ok("save node", f.store.SaveNode(f.ctx, store.Node{ID: uuid.New(), Name: "one", StartedAt: noon, SeenAt: noon, Position: f.feed("").Position}))
		f.ok("add key", f.store.AddSigningKey(f.ctx, key("one", 0), event(store.ActionKeyAdded, noon)))

		at := noon.Add(time.Hour)
		least := store.NextGeneration(at)
		e := event(store.ActionRestoreFinished, at)
		everybody := e
		everybody.Action = store.ActionSessionsRevoked
		f.writes("finish restore", func() {
			done, err := f.store.FinishRestore(f.ctx, least, e)
			f.ok("finish restore", err)
			equal(f, "done", done, store.Restoration{Generation: least, Users: 2, Revocations: 2, Nodes: 1})
		}, e, everybody)

		for _, who := range []store.User{u, other} {
			equal(f, "generation", f.generation(who), store.Generation{Installation: least, User: least})
		}
		r, err := f.store.Rotate(f.ctx, rotation(n.ID, "one", "two", at), refresh(at))
		f.ok("rotate", err)
		equal(f, "outcome", r.Outcome, store.Revoked)
		keys, err := f.store.SigningKeys(f.ctx)
		f.ok("read keys", err)
		equal(f, "keys", len(keys), 1)
		f.nodes(at)
		f.session(u, "fresh")
	}},
	{"finishing a restore leaves its own entry in the feed", func(f *fixture) {
		f.endAll(f.store, store.Everyone(), event(store.ActionSessionsRevoked, noon))
		done, err := f.store.FinishRestore(f.ctx, store.NextGeneration(noon), event(store.ActionRestoreFinished, noon))
		f.ok("finish restore", err)
		equal(f, "feed", f.feed("").Entries, []store.Revocation{{At: noon, Generation: done.Generation}})
		equal(f, "installation", f.feed("").Installation, done.Generation)
		before := f.feed("").Position
		f.endAll(f.store, store.Everyone(), event(store.ActionSessionsRevoked, noon))
		equal(f, "new since", len(f.feed(before).Entries), 1)
	}},
	{"a generation that is ahead of the clock moves on", func(f *fixture) {
		u := f.user("alice")
		first, err := f.store.FinishRestore(f.ctx, store.NextGeneration(noon), event(store.ActionRestoreFinished, noon))
		f.ok("finish restore", err)
		again, err := f.store.FinishRestore(f.ctx, 1, event(store.ActionRestoreFinished, noon))
		f.ok("finish restore again", err)
		equal(f, "generation", again.Generation, first.Generation+1)
		equal(f, "pair", f.generation(u), store.Generation{Installation: again.Generation, User: again.Generation})
	}},
}
