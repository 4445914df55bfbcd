package authn

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// hindered is a store that can delay or refuse a node's announcement, and refuse to list nodes.
type hindered struct {
	store.Store
	first atomic.Pointer[func()] // called before the next time
	mute  atomic.Bool
	blind atomic.Int64 // times that the nodes cannot be listed
}

func (s *hindered) Nodes(ctx context.Context, upTo time.Time) ([]store.Node, error) {
	if s.blind.Add(-1) >= 0 {
		return nil, store.ErrUnavailable
	}
	return s.Store.Nodes(ctx, upTo)
}

func (s *hindered) SaveNode(ctx context.Context, n store.Node) error {
	if s.mute.Load() {
		return errors.New("the database is read-only")
	}
	if first := s.first.Swap(nil); first != nil {
		(*first)()
	}
	return s.Store.SaveNode(ctx, n)
}

// WatchRevocations never reports a revocation.
func (s *hindered) WatchRevocations(ctx context.Context, _ func()) error {
	<-ctx.Done()
	return ctx.Err()
}

// join makes a service on st a node until the test ends.
func join(t *testing.T, st store.Store, configure func(*Config), notice func(FollowEvent, error)) *fixture {
	t.Helper()
	node := newFixture(t, st, configure)
	ctx, cancel := context.WithCancel(context.Background())
	leave, err := node.Cluster.Join(ctx, store.Node{ID: uuid.New(), Name: "one"}, notice, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); leave() })
	return node
}

// TestARevocationWhileANodeJoinsIsKnownToIt ends a session after the node has read the feed
// and before its announcement is visible.
func TestARevocationWhileANodeJoinsIsKnownToIt(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, other *fixture) {
		other.register(t, "alice")
		g := other.signIn(t, "alice")
		st := &hindered{Store: other.store}
		revoke := func() {
			if _, err := other.EndSessions(t.Context(), visitor, store.Everyone()); err != nil {
				t.Error(err)
			}
			if reach, err := other.Cluster.AwaitRevocations(t.Context(), 30*time.Second); err != nil || len(reach.Missing) != 0 {
				t.Errorf("got %+v, %v", reach, err)
			}
		}
		st.first.Store(&revoke)
		node := join(t, st, nil, func(e FollowEvent, err error) { t.Errorf("%s: %v", e, err) })
		wantCode(t, "verify", verifyError(node, g), CodeSessionRevoked)
	})
}

// TestANodeThatCannotMakeItselfKnownVouchesForNobody: the database can be read and not
// written, so no command waits for the node any more.
func TestANodeThatCannotMakeItselfKnownVouchesForNobody(t *testing.T) {
	t.Parallel()
	lost := make(chan error, 1)
	st := &hindered{Store: openSQLite(t)}
	node := join(t, st, func(cfg *Config) { cfg.MaxStaleness = 1500 * time.Millisecond }, func(e FollowEvent, err error) {
		if e == FeedLost {
			lost <- err
		}
	})
	if err := node.Cluster.Vouches(); err != nil {
		t.Errorf("after joining: %v", err)
	}
	st.mute.Store(true)
	if err := <-lost; err == nil {
		t.Error("the cause is not told")
	}
	wantCode(t, "vouches", node.Cluster.Vouches(), CodeUnavailable)
	if err := node.Cluster.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "vouches after a reading", node.Cluster.Vouches(), CodeUnavailable)
}

// TestARevocationWhileANodeComesBackIsKnownToIt ends a session after a node that commands no
// longer wait for has read the feed, and before it has announced its position.
func TestARevocationWhileANodeComesBackIsKnownToIt(t *testing.T) {
	t.Parallel()
	st := &hindered{Store: openSQLite(t)}
	other := newFixture(t, st.Store, nil)
	other.register(t, "alice")
	g := other.signIn(t, "alice")
	lost, back := make(chan struct{}), make(chan error, 1)
	var node *fixture
	joined := make(chan struct{})
	configure := func(cfg *Config) { cfg.MaxStaleness = 1500 * time.Millisecond }
	node = join(t, st, configure, func(e FollowEvent, _ error) {
		<-joined
		switch e {
		case FeedLost:
			close(lost)
		case FeedBack:
			_, err := node.Verify(g.AccessToken)
			back <- err
		}
	})
	close(joined)
	st.mute.Store(true)
	<-lost
	revoke := func() {
		if _, err := other.EndSessions(t.Context(), visitor, store.Everyone()); err != nil {
			t.Error(err)
		}
	}
	st.first.Store(&revoke)
	st.mute.Store(false)
	wantCode(t, "verify, first of all", <-back, CodeSessionRevoked)
}

// TestClocksOfMachinesMayDiffer ends a session from a machine whose clock is wrong.
func TestClocksOfMachinesMayDiffer(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]time.Duration{"slow": -2 * time.Hour, "fast": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, nil, func(t *testing.T, f *fixture) {
				f.register(t, "alice")
				g := f.signIn(t, "alice")
				node := join(t, f.store, nil, func(e FollowEvent, err error) { t.Errorf("%s: %v", e, err) })
				other := newFixture(t, f.store, nil)
				other.advance(skew)
				if err := other.EndSession(t.Context(), visitor, g.SessionID); err != nil {
					t.Fatal(err)
				}
				reach, err := other.Cluster.AwaitRevocations(t.Context(), 30*time.Second)
				if err != nil || len(reach.Nodes) != 1 || len(reach.Missing) != 0 {
					t.Errorf("got %+v, %v", reach, err)
				}
				wantCode(t, "verify", verifyError(node, g), CodeSessionRevoked)
				node.advance(14 * time.Minute)
				if err := node.Cluster.Sync(t.Context()); err != nil {
					t.Error(err)
				}
				wantCode(t, "verify later", verifyError(node, g), CodeSessionRevoked)
			})
		})
	}
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		g := f.signIn(t, "alice")
		f.advance(-4 * time.Minute)
		if err := f.EndSession(t.Context(), visitor, g.SessionID); err != nil {
			t.Fatal(err)
		}
		late := newFixture(t, f.store, nil)
		late.advance(14 * time.Minute)
		if err := late.Cluster.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "verify on a node that starts later", verifyError(late, g), CodeSessionRevoked)
	})
}

// TestNodesAreAskedForAgain: the database fails for a moment after a revocation.
func TestNodesAreAskedForAgain(t *testing.T) {
	t.Parallel()
	st := &hindered{Store: openSQLite(t)}
	join(t, st, nil, func(FollowEvent, error) {})
	f := newFixture(t, st, nil)
	st.blind.Store(3)
	if reach, err := f.Cluster.AwaitRevocations(t.Context(), time.Minute); err != nil || len(reach.Nodes) != 1 {
		t.Errorf("got %+v, %v", reach, err)
	}
	st.blind.Store(1 << 30)
	_, err := f.Cluster.AwaitRevocations(t.Context(), 0)
	wantCode(t, "await", err, CodeUnavailable)
}
