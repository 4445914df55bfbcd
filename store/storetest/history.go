package storetest

import (
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var historyCases = []testCase{
	{"counters that are below what was handed out are raised, and no others", func(f *fixture) {
		low, high, untouched := f.user("alice"), f.user("bob"), f.user("carol")
		f.session(low, "one")
		f.session(high, "two")
		f.session(untouched, "three")
		f.endAll(f.store, store.OfUser(high.ID), event(store.ActionSessionsRevoked, noon.Add(time.Hour)))
		f.session(high, "four")
		want := store.NextGeneration(noon)
		least := map[uuid.UUID]int64{low.ID: want, high.ID: want, uuid.New(): want}
		e := event(store.ActionRevokedAgain, noon)
		raise := func(installation int64, raised int) {
			got, err := f.store.RaiseGenerations(f.ctx, installation, least, e)
			f.ok("raise", err)
			equal(f, "raised", got, raised)
		}
		f.writes("raise", func() {
			f.publishes("raise", func() { raise(0, 1) }, store.Revocation{At: noon, UserID: low.ID, Generation: want})
		}, about(e, low.ID, uuid.Nil))
		f.writes("raise again", func() { f.publishes("raise again", func() { raise(0, 0) }) })
		equal(f, "alive", len(f.alive(noon)), 2)
		equal(f, "generation", f.generation(low), store.Generation{User: want})
		equal(f, "generation of another", f.generation(untouched), store.Generation{})
		least = nil
		f.writes("raise the installation's", func() {
			f.publishes("raise the installation's", func() { raise(7, 1) }, store.Revocation{At: noon, Generation: 7})
		}, e)
		raise(6, 0)
		equal(f, "generation", f.generation(untouched), store.Generation{Installation: 7})
		equal(f, "alive", len(f.alive(noon)), 0)
	}},
	{"a position of another history is read from the beginning, and is behind until then", func(f *fixture) {
		u := f.user("alice")
		f.endAll(f.store, store.OfUser(u.ID), event(store.ActionSessionsRevoked, noon))
		feed := f.feed("")
		equal(f, "whole", feed.Whole, true)
		on := f.feed(feed.Position)
		equal(f, "whole", on.Whole, false)
		equal(f, "history", on.History, feed.History)

		for _, foreign := range f.backend.Foreign(feed.Position) {
			read := f.feed(foreign)
			equal(f, "whole", read.Whole, true)
			equal(f, "entries", len(read.Entries), 1)
			equal(f, "history", read.History, feed.History)
			n := store.Node{ID: u.ID, Name: "one", StartedAt: noon, SeenAt: noon, Position: foreign}
			f.ok("save node", f.store.SaveNode(f.ctx, n))
			n.Behind = 1
			f.nodes(noon.Add(-time.Hour), n)
			n.Position, n.Behind = read.Position, 0
			f.ok("save node", f.store.SaveNode(f.ctx, n))
			f.nodes(noon, n)
		}
	}},
}
