package authn

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// backup returns a copy of a database, taken before the next change of the original.
func backup(t *testing.T, original *fixture, open func(testing.TB) store.Store, grants ...Grant) store.Store {
	t.Helper()
	to := open(t)
	defer original.advance(time.Second)
	page, err := original.store.CredentialsPage(t.Context(), uuid.Nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	var users []store.ImportedUser
	for _, c := range page {
		users = append(users, store.ImportedUser{NewUser: store.NewUser{ID: c.User.ID, Username: c.User.Username, Folded: c.User.Folded,
			PasswordHash: c.PasswordHash, CreatedAt: c.User.CreatedAt}, PasswordChangedAt: c.User.PasswordChangedAt})
	}
	e := visitor.event(store.ActionUserImported, original.now())
	if _, err := to.ImportUsers(t.Context(), users, e); err != nil {
		t.Fatal(err)
	}
	for _, g := range grants {
		session, _, err := original.store.SessionState(t.Context(), g.SessionID)
		if err != nil {
			t.Fatal(err)
		}
		token, _ := parseRefreshToken(g.RefreshToken)
		c, err := to.Credentials(t.Context(), g.User.Folded)
		if err != nil {
			t.Fatal(err)
		}
		started, err := to.StartSession(t.Context(), store.NewSession{ID: session.ID, UserID: session.UserID, TokenHash: token.hash(),
			Generation: c.Generation, CreatedAt: session.CreatedAt, ExpiresAt: session.ExpiresAt, AbsoluteExpiresAt: session.AbsoluteExpiresAt,
			PasswordHash: c.PasswordHash}, e)
		if err != nil || !started {
			t.Fatalf("start session: %t, %v", started, err)
		}
	}
	return to
}

// stricken is a node, without its loops, whose database is replaced by another.
type stricken struct {
	*fixture
	st     *hindered
	follow *follower
	events []FollowEvent
}

func newStricken(t *testing.T, original store.Store) *stricken {
	t.Helper()
	n := &stricken{st: &hindered{Store: original}}
	n.fixture = newFixture(t, n.st, nil)
	n.follow = &follower{cluster: n.Cluster, node: store.Node{ID: uuid.New(), Name: "one"}, notice: func(e FollowEvent, _ error) { n.events = append(n.events, e) }}
	n.follow.node.Staleness = n.Cluster.staleness
	n.read(t)
	return n
}

func (n *stricken) read(t *testing.T) {
	t.Helper()
	if err := n.follow.read(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func eachBackend(t *testing.T, story func(t *testing.T, open func(testing.TB) store.Store)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB) store.Store{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) { t.Parallel(); story(t, open) })
	}
}

// TestWhatTheDatabaseLostIsRevokedAgain: the database fails over to one without the latest
// revocations, which a node has read.
func TestWhatTheDatabaseLostIsRevokedAgain(t *testing.T) {
	t.Parallel()
	eachBackend(t, func(t *testing.T, open func(testing.TB) store.Store) {
		f := newFixture(t, open(t), nil)
		grants := map[string]Grant{}
		for _, name := range []string{"user", "session", "deleted", "spared", "others"} {
			f.register(t, name)
			grants[name] = f.signIn(t, name)
		}
		grants["other"] = f.signIn(t, "others")
		replica := backup(t, f, open, grants["user"], grants["session"], grants["deleted"], grants["spared"], grants["others"], grants["other"])
		if err := f.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		if err := f.EndOtherSessions(f.ctx, visitor, grants["others"].AccessToken); err != nil {
			t.Fatal(err)
		}
		if _, err := f.EndSessions(f.ctx, visitor, store.OfUser(grants["user"].User.ID)); err != nil {
			t.Fatal(err)
		}
		if err := f.EndSession(f.ctx, visitor, grants["session"].SessionID); err != nil {
			t.Fatal(err)
		}
		if _, err := f.DeleteUser(f.ctx, visitor, "deleted"); err != nil {
			t.Fatal(err)
		}
		n := newStricken(t, f.store)
		n.st.Store = replica
		n.read(t)
		if len(n.events) != 1 || n.events[0] != Restored {
			t.Errorf("the node tells %q, want %q", n.events, Restored)
		}
		nodes, err := n.Cluster.Nodes(n.ctx)
		if err != nil || len(nodes) != 1 || nodes[0].Behind != 0 {
			t.Errorf("the nodes are %+v, %v", nodes, err)
		}
		for name, want := range map[string]Code{"user": CodeSessionRevoked, "session": CodeUnauthenticated, "deleted": CodeSessionRevoked, "spared": "", "others": "", "other": CodeSessionRevoked} {
			_, err := n.Verify(grants[name].AccessToken)
			verified := want
			if name == "session" {
				verified = CodeSessionRevoked
			}
			wantCode(t, "verify "+name, err, verified)
			_, err = n.Refresh(n.ctx, visitor, grants[name].RefreshToken)
			wantCode(t, "refresh "+name, err, want)
		}
		n.events = nil
		n.read(t)
		if len(n.events) != 0 {
			t.Errorf("and then it tells %q", n.events)
		}
	})
}

// TestACounterThatWentBackIsHealed restores a backup from before everybody's sessions were
// ended. Tokens that are issued under the older counter are not their owners' fault.
func TestACounterThatWentBackIsHealed(t *testing.T) {
	t.Parallel()
	eachBackend(t, func(t *testing.T, open func(testing.TB) store.Store) {
		f := newFixture(t, open(t), nil)
		f.register(t, "alice")
		before := f.signIn(t, "alice")
		restored := backup(t, f, open, before)
		if _, err := f.EndSessions(f.ctx, visitor, store.Everyone()); err != nil {
			t.Fatal(err)
		}
		n := newStricken(t, f.store)
		n.st.Store = restored
		if err := n.Cluster.Sync(n.ctx); err != nil { // as a request does that ends something
			t.Fatal(err)
		}
		fresh := newFixture(t, restored, nil).signIn(t, "alice")
		wantCode(t, "vouches", n.Cluster.Vouches(), CodeUnavailable)
		_, err := n.Verify(fresh.AccessToken)
		wantCode(t, "verify a fresh token", err, CodeUnavailable)
		n.read(t)
		if len(n.events) != 2 || n.events[0] != WentBack || n.events[1] != Restored {
			t.Errorf("the node tells %q", n.events)
		}
		wantCode(t, "vouches when it is healed", n.Cluster.Vouches(), "")
		_, err = n.Refresh(n.ctx, visitor, before.RefreshToken)
		wantCode(t, "refresh what was revoked", err, CodeSessionRevoked)
		_, err = n.Verify(n.signIn(t, "alice").AccessToken)
		wantCode(t, "verify a token of the healed counter", err, "")
	})
}

// TestNoDeadTokenIsTakenWhileASetbackEnds: the setback may end between any two steps of a
// verification, which must not take a token then that it would refuse before and after.
func TestNoDeadTokenIsTakenWhileASetbackEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, openSQLite(t), nil)
	f.register(t, "alice")
	f.register(t, "bob")
	ended, outdated := f.signIn(t, "alice"), f.signIn(t, "bob")
	if _, err := f.EndSessions(f.ctx, visitor, store.OfUser(ended.User.ID)); err != nil {
		t.Fatal(err)
	}
	f.setRights(t, "bob", RightsChange{Grant: []string{"admin"}})
	if err := f.Cluster.Sync(f.ctx); err != nil {
		t.Fatal(err)
	}
	tokens := map[Code]accessClaims{}
	for code, g := range map[Code]Grant{CodeSessionRevoked: ended, CodeTokenExpired: outdated} {
		c, err := f.access.verify(g.AccessToken, f.now())
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, "whole", f.Cluster.judge(c), code)
		tokens[code] = c
	}
	var stop atomic.Bool
	var setbacks sync.WaitGroup
	setbacks.Go(func() {
		for back := new(setback); !stop.Load(); f.Cluster.setback.Store(nil) {
			f.Cluster.setback.Store(back)
		}
	})
	for code, c := range tokens {
		for range 300_000 {
			if f.Cluster.judge(c) == nil {
				t.Errorf("a token that is %s was taken", code)
				break
			}
		}
	}
	stop.Store(true)
	setbacks.Wait()
}
