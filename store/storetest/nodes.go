package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var nodeCases = []testCase{
	{"nodes are kept, and how far each is behind", func(f *fixture) {
		u := f.user("alice")
		feed := f.feed("")
		start := feed.Position
		one := store.Node{ID: uuid.New(), Name: "one", Version: "v1", StartedAt: noon, SeenAt: noon, Staleness: 30 * time.Second, AccessTTL: 15 * time.Minute, Position: start, Keys: "one two", Environment: "production"}
		two := store.Node{ID: uuid.New(), Name: "two", Version: "v2", StartedAt: noon, SeenAt: noon.Add(time.Hour), Staleness: time.Second, Position: start}
		for _, n := range []store.Node{two, one} {
			f.ok("save node", f.store.SaveNode(f.ctx, n))
		}
		f.nodes(noon, one, two)
		for i := range 2 {
			at := noon.Add(time.Duration(i) * time.Minute)
			f.endAll(f.store, store.OfUser(u.ID), event(store.ActionSessionsRevoked, at))
		}
		one.Behind, two.Behind = 1, 1
		f.nodes(noon, one, two)
		one.Behind, two.Behind = 2, 2
		f.nodes(noon.Add(time.Minute), one, two)
		two.Position, two.SeenAt, two.Version, two.AccessTTL, two.Environment = f.feed(start).Position, noon.Add(2*time.Hour), "v3", time.Hour, "development"
		f.ok("save node", f.store.SaveNode(f.ctx, two))
		two.Behind = 0
		f.nodes(noon.Add(time.Minute), one, two)

		f.is("forget a stranger", f.store.ForgetNode(f.ctx, uuid.New(), event(store.ActionNodeForgotten, noon)), store.ErrNotFound)
		three := store.Node{ID: uuid.New(), Name: "three", StartedAt: noon, SeenAt: noon}
		f.ok("save node", f.store.SaveNode(f.ctx, three))
		e := event(store.ActionNodeForgotten, noon)
		forgotten := e
		forgotten.Reason = "server three (" + three.ID.String() + "): because"
		f.writes("forget", func() { f.ok("forget node", f.store.ForgetNode(f.ctx, three.ID, e)) }, forgotten)

		f.ok("remove old nodes", f.store.RemoveOldNodes(f.ctx, noon))
		f.nodes(noon.Add(time.Minute), one, two)
		f.ok("remove old nodes", f.store.RemoveOldNodes(f.ctx, noon.Add(time.Hour)))
		f.nodes(noon.Add(time.Minute), two)
		f.ok("remove node", f.store.RemoveNode(f.ctx, two.ID))
		f.ok("remove it again", f.store.RemoveNode(f.ctx, two.ID))
		f.nodes(noon)
	}},
	{"a node's silence and lag are told by the database's clock", func(f *fixture) {
		u := f.user("alice")
		feed := f.feed("")
		n := store.Node{ID: uuid.New(), Name: "one", StartedAt: noon, SeenAt: feed.Clock.Add(-time.Hour), Position: feed.Position}
		f.ok("save node", f.store.SaveNode(f.ctx, n))
		f.endAll(f.store, store.OfUser(u.ID), event(store.ActionSessionsRevoked, feed.Clock.Add(-time.Minute)))
		nodes, err := f.store.Nodes(f.ctx, feed.Clock)
		f.ok("list nodes", err)
		for what, times := range map[string][2]time.Duration{"silent for": {nodes[0].Silent, time.Hour}, "lag": {nodes[0].Lag, time.Minute}} {
			if late := times[0] - times[1]; late < -time.Second || late > time.Minute {
				f.Errorf("%s: got %s, want %s", what, times[0], times[1])
			}
		}
	}},
	{"when a server was last seen is known after it has signed off", func(f *fixture) {
		feed := f.feed("")
		seen := func(what string, want time.Duration) {
			f.Helper()
			last, err := f.store.LastServer(f.ctx)
			f.ok("query the last server", err)
			if late := last.Ago - want; !last.Ever || late < -time.Second || late > time.Minute {
				f.Errorf("%s: got %+v, want %s ago", what, last, want)
			}
		}
		last, err := f.store.LastServer(f.ctx)
		f.ok("query the last server", err)
		equal(f, "of a new database", last, store.LastServer{})
		f.ok("remove a stranger", f.store.RemoveNode(f.ctx, uuid.New()))
		last, err = f.store.LastServer(f.ctx)
		f.ok("query the last server", err)
		equal(f, "after a stranger has signed off", last, store.LastServer{})
		node := func(ago time.Duration) uuid.UUID {
			n := store.Node{ID: uuid.New(), Name: "one", StartedAt: noon, SeenAt: feed.Clock.Add(-ago), Position: feed.Position}
			f.ok("save node", f.store.SaveNode(f.ctx, n))
			return n.ID
		}
		first := node(3 * time.Hour)
		seen("one that is announced", 3*time.Hour)
		second := node(2 * time.Hour)
		seen("the later of two", 2*time.Hour)
		f.ok("remove node", f.store.RemoveNode(f.ctx, second))
		seen("one that has signed off", 2*time.Hour)
		f.ok("remove node", f.store.RemoveNode(f.ctx, first))
		seen("one that signed off later and was seen earlier", 2*time.Hour)
		f.ok("forget node", f.store.ForgetNode(f.ctx, node(time.Hour), event(store.ActionNodeForgotten, noon)))
		seen("one that was forgotten", time.Hour)
	}},
}

// nodes checks the list of servers in the store.
func (f *fixture) nodes(upTo time.Time, want ...store.Node) {
	f.Helper()
	got, err := f.store.Nodes(f.ctx, upTo)
	f.ok("list nodes", err)
	for i := range got {
		if (got[i].Lag != 0) != (got[i].Behind > 0) {
			f.Errorf("node %s is %d behind for %s", got[i].Name, got[i].Behind, got[i].Lag)
		}
		got[i].Silent, got[i].Lag = 0, 0
	}
	if !slices.Equal(got, want) {
		f.Errorf("nodes: got %+v, want %+v", got, want)
	}
}
