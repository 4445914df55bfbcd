package authn

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// TestAServerThatFellSilentIsNamed: servers were last seen at different times, and an operator
// says that one of them has ended.
func TestAServerThatFellSilentIsNamed(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		feed, err := f.store.Revocations(f.ctx, "", f.now())
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]uuid.UUID{}
		for name, n := range map[string]struct{ silent, ttl time.Duration }{
			"serving":                        {0, 15 * time.Minute},
			"silent":                         {2 * time.Minute, 15 * time.Minute},
			"silent, and signs long":         {50 * time.Minute, time.Hour},
			"silent, of a release before":    {2 * time.Minute, 0},
			"silent for longer than a token": {16 * time.Minute, 15 * time.Minute},
		} {
			ids[name] = uuid.New()
			if err := f.store.SaveNode(f.ctx, store.Node{ID: ids[name], Name: name, StartedAt: f.now(), SeenAt: feed.Clock.Add(-n.silent),
				Staleness: 30 * time.Second, AccessTTL: n.ttl, Position: feed.Position}); err != nil {
				t.Fatal(err)
			}
		}
		want := func(what string, silent ...string) {
			t.Helper()
			reach, err := f.Cluster.AwaitRevocations(f.ctx, 0)
			if err != nil || len(reach.Nodes) != 1 || len(reach.Missing) != 0 || len(reach.Silent) != len(silent) {
				t.Fatalf("%s: got %+v, %v; want %q to be silent", what, reach, err, silent)
			}
			for i, n := range reach.Silent {
				if n.Name != silent[i] {
					t.Errorf("%s: got %q, want %q", what, n.Name, silent[i])
				}
			}
		}
		want("at first", "silent", "silent, and signs long", "silent, of a release before")
		if err := f.Cluster.Forget(f.ctx, visitor, ids["silent"]); err != nil {
			t.Fatal(err)
		}
		want("after one was forgotten", "silent, and signs long", "silent, of a release before")
		wantCode(t, "forget it again", f.Cluster.Forget(f.ctx, visitor, ids["silent"]), CodeNodeNotFound)
	})
}
