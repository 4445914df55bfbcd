package sqlite_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

// TestTheNextServerTakesOverWhatADeadOneLeft: three stores stand for three processes. One of
// them ends without signing off.
func TestTheNextServerTakesOverWhatADeadOneLeft(t *testing.T) {
	t.Parallel()
	path := storetest.SQLite(t)
	ctx := t.Context()
	serve := func(name string, removed int) *sqlite.Store {
		t.Helper()
		s := open(t, sqlite.Config{Path: path})
		for _, want := range []int{removed, 0} { // the second time it has the lock
			n, err := s.TakeOverNodes(ctx)
			if err != nil || n != want {
				t.Fatalf("%s took %d over, %v; want %d", name, n, err, want)
			}
		}
		if err := s.SaveNode(ctx, store.Node{ID: uuid.New(), Name: name, StartedAt: time.Now(), SeenAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
		return s
	}
	one := serve("one", 0)
	two := serve("two", 0) // beside one, which lives
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	three := serve("three", 0) // beside two, and so not sure of one
	for _, s := range []*sqlite.Store{two, three} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	last := serve("four", 3)
	nodes, err := last.Nodes(ctx, time.Now())
	if err != nil || len(nodes) != 1 || nodes[0].Name != "four" {
		t.Errorf("the nodes are %+v, %v", nodes, err)
	}
}
