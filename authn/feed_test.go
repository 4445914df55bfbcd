package authn

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// numbered returns the n-th of many ids.
func numbered(n int) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[8:], uint64(n)*0x9e3779b97f4a7c15) // spread over the bits
	id[0] = 1
	return id
}

func TestFeedKnowsWhatEnded(t *testing.T) {
	t.Parallel()
	for _, others := range []int{0, 3 * feedRecent} { // in the recent list, and in buckets
		f := newFeed(16 * time.Minute)
		alice, bob := numbered(1), numbered(2)
		entries := []store.Revocation{
			{At: issuedAt, UserID: alice, SessionID: numbered(3)},
			{At: issuedAt, UserID: bob, Generation: 5},
			{At: issuedAt, UserID: bob, Generation: 4},
			{At: issuedAt, Generation: 2},
		}
		for i := range others {
			entries = append(entries, store.Revocation{At: issuedAt.Add(time.Duration(i) * time.Second), UserID: numbered(100), SessionID: numbered(1000 + i)})
		}
		f.read(store.Feed{Position: "1", Installation: 2, Entries: entries}, f.current.Load(), time.Now(), issuedAt)
		known := f.current.Load()
		for _, tt := range []struct {
			name string
			c    accessClaims
			want bool
		}{
			{"another session", accessClaims{userID: alice, sessionID: numbered(4), generation: store.Generation{Installation: 2}}, false},
			{"the session that ended", accessClaims{userID: alice, sessionID: numbered(3), generation: store.Generation{Installation: 2, User: 9}}, true},
			{"of an older installation", accessClaims{userID: alice, sessionID: numbered(4), generation: store.Generation{Installation: 1}}, true},
			{"of the current generation", accessClaims{userID: bob, sessionID: numbered(5), generation: store.Generation{Installation: 2, User: 5}}, false},
			{"of an older generation", accessClaims{userID: bob, sessionID: numbered(5), generation: store.Generation{Installation: 2, User: 4}}, true},
		} {
			if got := known.ended(tt.c); got != tt.want {
				t.Errorf("%s, with %d others: got %t, want %t", tt.name, others, got, tt.want)
			}
		}
	}
}

// TestFeedForgetsWhatNoTokenNeeds: four windows of logouts pass.
func TestFeedForgetsWhatNoTokenNeeds(t *testing.T) {
	t.Parallel()
	const window, step, each = 16 * time.Minute, 5 * time.Second, 100
	f := newFeed(window)
	n := 0
	var sessions []uuid.UUID
	for i := range 4 * int(window/step) {
		now := issuedAt.Add(time.Duration(i) * step)
		var entries []store.Revocation
		for range each {
			n++
			entries = append(entries, store.Revocation{At: now, SessionID: numbered(n)})
		}
		sessions = append(sessions, numbered(n))
		f.read(store.Feed{Entries: entries}, f.current.Load(), time.Now(), now)
		if most := each * int((window+2*f.bucketWidth())/step); f.current.Load().entries() > most {
			t.Fatalf("%d entries are held after %s, want at most %d", f.current.Load().entries(), now.Sub(issuedAt), most)
		}
	}
	known := f.current.Load()
	for age := range int(window / step) {
		if !known.ended(accessClaims{sessionID: sessions[len(sessions)-1-age]}) {
			t.Fatalf("a session that ended %s ago is forgotten", time.Duration(age)*step)
		}
	}
	if known.ended(accessClaims{sessionID: sessions[0]}) {
		t.Error("the first session is still known")
	}
}

func TestWhatThisProcessEndsItKnowsAtOnce(t *testing.T) {
	t.Parallel()
	for what, end := range map[string]func(*fixture, Grant) error{
		"logout": func(f *fixture, g Grant) error {
			return f.Logout(f.ctx, visitor, []string{g.RefreshToken}, []string{""})
		},
		"logout with the JWT only": func(f *fixture, g Grant) error {
			return f.Logout(f.ctx, visitor, []string{""}, []string{g.AccessToken})
		},
		"another login": func(f *fixture, g Grant) error {
			_, err := f.Login(f.ctx, visitor, Account{Username: "alice", Password: goodPassword}, g.RefreshToken)
			return err
		},
		"theft": func(f *fixture, g Grant) error {
			for range 2 {
				if _, err := f.Refresh(f.ctx, visitor, g.RefreshToken); CodeOf(err) == CodeSessionReused {
					return nil
				}
				f.advance(time.Minute)
			}
			return errors.New("the theft was not noticed")
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, openSQLite(t), nil)
			f.register(t, "alice")
			g := f.signIn(t, "alice")
			if err := f.Cluster.Sync(f.ctx); err != nil {
				t.Fatal(err)
			}
			who, err := f.Verify(g.AccessToken)
			if err != nil || who.username != "alice" || who.sessionID != g.SessionID || who.userID != g.User.ID || !who.expiresAt.Equal(g.AccessExpiresAt) {
				t.Fatalf("got %+v, %v", who, err)
			}
			if err := end(f, g); err != nil {
				t.Fatal(err)
			}
			_, err = f.Verify(g.AccessToken)
			wantCode(t, "verify", err, CodeSessionRevoked)
		})
	}
}

// TestANodeHearsOfWhatAnotherEnds: two services share a database, and one of them has joined.
func TestANodeHearsOfWhatAnotherEnds(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, node *fixture) {
		other := newFixture(t, node.store, nil)
		ctx, cancel := context.WithCancel(t.Context())
		self := store.Node{ID: uuid.New(), Name: "one", Version: "v1"}
		leave, err := node.Cluster.Join(ctx, self, func(e FollowEvent, err error) { t.Errorf("%s: %v", e, err) }, nil)
		if err != nil {
			t.Fatal(err)
		}
		nodes, err := node.store.Nodes(t.Context(), node.now())
		if err != nil || len(nodes) != 1 || nodes[0].ID != self.ID || nodes[0].Staleness != 30*time.Second {
			t.Errorf("got the nodes %+v, %v", nodes, err)
		}
		other.register(t, "alice")
		for what, end := range map[string]func(Grant) error{
			"logout": func(g Grant) error { return other.Logout(t.Context(), visitor, []string{g.RefreshToken}, []string{""}) },
			"one":    func(g Grant) error { return other.EndSession(t.Context(), visitor, g.SessionID) },
			"a user's": func(g Grant) error {
				_, err := other.EndSessions(t.Context(), visitor, store.OfUser(g.User.ID))
				return err
			},
			"everyone's": func(g Grant) error { _, err := other.EndSessions(t.Context(), visitor, store.Everyone()); return err },
			"password": func(g Grant) error {
				_, err := other.SetPassword(t.Context(), visitor, "alice", goodPassword)
				return err
			},
		} {
			g := other.signIn(t, "alice")
			if _, err := node.Verify(g.AccessToken); err != nil {
				t.Errorf("%s: verify before: %v", what, err)
			}
			if err := end(g); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			ended := time.Now()
			for CodeOf(verifyError(node, g)) != CodeSessionRevoked {
				if time.Since(ended) > 30*time.Second {
					t.Fatalf("%s: the node does not hear of it", what)
				}
				runtime.Gosched()
			}
		}
		cancel()
		leave()
		if nodes, err := node.store.Nodes(t.Context(), node.now()); err != nil || len(nodes) != 0 {
			t.Errorf("got the nodes %+v, %v after leaving", nodes, err)
		}
	})
}

func verifyError(f *fixture, g Grant) error {
	_, err := f.Verify(g.AccessToken)
	return err
}

func TestANodeThatSeesNoFeedVouchesForNobody(t *testing.T) {
	t.Parallel()
	f := newFixture(t, openSQLite(t), nil)
	f.register(t, "alice")
	g := f.signIn(t, "alice")
	_, err := f.Verify(g.AccessToken)
	wantCode(t, "before the first reading", err, CodeUnavailable)
	if err := f.Cluster.Sync(f.ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Verify(g.AccessToken); err != nil {
		t.Errorf("after a reading: %v", err)
	}
	f.Cluster.staleness = time.Nanosecond // so that it is over
	_, err = f.Verify(g.AccessToken)
	wantCode(t, "too long after a reading", err, CodeUnavailable)
	if err := f.Logout(f.ctx, visitor, []string{g.RefreshToken}, []string{""}); err != nil {
		t.Fatal(err)
	}
	_, err = f.Verify(g.AccessToken)
	wantCode(t, "a token that is known to be dead", err, CodeSessionRevoked)

	// The node reads what it missed when the store is back.
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	wantCode(t, "sync without a store", f.Cluster.Sync(ctx), CodeUnavailable)
	if got := f.Cluster.feed.current.Load().position; got != "" {
		t.Errorf("got position %q after a failure, want to read everything again", got)
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, n := range []int{0, 10_000, 1_000_000} {
		b.Run(fmt.Sprintf("entries=%d", n), func(b *testing.B) {
			s, err := New(testConfig(), nil)
			if err != nil {
				b.Fatal(err)
			}
			now := s.now()
			var before, after runtime.MemStats
			entries := make([]store.Revocation, n)
			for i := range entries {
				entries[i] = store.Revocation{At: now.Add(-time.Duration(i) * 15 * time.Minute / time.Duration(n)), SessionID: numbered(i + 1)}
			}
			runtime.GC()
			runtime.ReadMemStats(&before)
			s.Cluster.feed.read(store.Feed{Entries: entries}, s.Cluster.feed.current.Load(), time.Now().Add(time.Hour), now)
			runtime.GC()
			runtime.ReadMemStats(&after)
			session := store.Session{ID: uuid.New(), UserID: uuid.New(), ExpiresAt: now.Add(time.Hour)}
			token, _, err := s.access.issue(store.User{Username: "alice"}, session, "", now)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Verify(token); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/(1<<20), "MiB_held")
			runtime.KeepAlive(entries)
		})
	}
}

func TestLogoutOfNobodyLeavesNoTrace(t *testing.T) {
	t.Parallel()
	f := newFixture(t, openSQLite(t), nil)
	if err := f.Logout(f.ctx, visitor, []string{newRefreshToken().secret(), newRefreshToken().secret()}, nil); err != nil {
		t.Fatal(err)
	}
	if n := f.Cluster.FeedStats().Entries; n != 0 {
		t.Errorf("%d entries are held of sessions that never were", n)
	}
}

func TestAPositionForgottenDuringAReadingStaysForgotten(t *testing.T) {
	t.Parallel()
	f := newFeed(time.Minute)
	from := f.current.Load()
	f.forget()
	f.read(store.Feed{Position: "7"}, from, time.Now(), issuedAt)
	if got := f.current.Load().position; got != "" {
		t.Errorf("got position %q, want none", got)
	}
}
