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

// hindered is a store on which a node finds it hard to make itself known.
type hindered struct {
	store.Store
	first func() // called before the first time
	mute  atomic.Bool
}

func (s *hindered) SaveNode(ctx context.Context, n store.Node) error {
	if s.mute.Load() {
		return errors.New("the database is read-only")
	}
	if s.first != nil {
		s.first()
		s.first = nil
	}
	return s.Store.SaveNode(ctx, n)
}

// WatchRevocations never tells of any.
func (s *hindered) WatchRevocations(ctx context.Context, _ func()) error {
	<-ctx.Done()
	return ctx.Err()
}

// join makes a node of a service on st, until the test ends.
func join(t *testing.T, st store.Store, configure func(*Config), notice func(FollowEvent, error)) *fixture {
	t.Helper()
	node := newFixture(t, st, configure)
	ctx, cancel := context.WithCancel(context.Background())
	leave, err := node.Join(ctx, store.Node{ID: uuid.New(), Name: "one"}, notice)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); leave() })
	return node
}

// TestARevocationWhileANodeJoinsIsKnownToIt ends a session when the node has read the
// feed, and nobody knows yet that it must be waited for.
func TestARevocationWhileANodeJoinsIsKnownToIt(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, other *fixture) {
		other.register(t, "alice")
		g := other.signIn(t, "alice")
		st := &hindered{Store: other.store, first: func() {
			if _, err := other.EndSessions(t.Context(), visitor, store.Everyone()); err != nil {
				t.Error(err)
			}
			if reach, err := other.AwaitNodes(t.Context(), time.Second); err != nil || len(reach.Missing) != 0 {
				t.Errorf("got %+v, %v", reach, err)
			}
		}}
		node := join(t, st, nil, func(e FollowEvent, err error) { t.Errorf("%s: %v", e, err) })
		wantCode(t, "verify", verifyError(node, g), CodeSessionRevoked)
	})
}

// TestANodeThatCannotMakeItselfKnownVouchesForNobody has a database that can be read and
// not written, so that no command waits for the node any more.
func TestANodeThatCannotMakeItselfKnownVouchesForNobody(t *testing.T) {
	t.Parallel()
	lost := make(chan error, 1)
	st := &hindered{Store: openSQLite(t)}
	node := join(t, st, func(cfg *Config) { cfg.MaxStaleness = 1500 * time.Millisecond }, func(e FollowEvent, err error) {
		if e == FeedLost {
			lost <- err
		}
	})
	if err := node.Vouches(); err != nil {
		t.Errorf("after joining: %v", err)
	}
	st.mute.Store(true)
	if err := <-lost; err == nil {
		t.Error("the cause is not told")
	}
	wantCode(t, "vouches", node.Vouches(), CodeUnavailable)
	if err := node.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "vouches after a reading", node.Vouches(), CodeUnavailable)
}
