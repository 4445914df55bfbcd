package authn

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// TestNobodyGetsATokenWithFormerRolesThatLives: sessions refresh and sign in while the roles change.
func TestNobodyGetsATokenWithFormerRolesThatLives(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		const clients, changes = 4, 10
		node := newFixture(t, f.store, nil)
		f.register(t, "alice")
		var mu sync.Mutex
		var issued []Grant
		stop := make(chan struct{})
		var running, refreshed sync.WaitGroup
		refreshed.Add(clients)
		for range clients {
			g := f.signIn(t, "alice")
			running.Go(func() {
				first := sync.OnceFunc(refreshed.Done)
				defer first()
				for {
					select {
					case <-stop:
						return
					default:
					}
					next, err := node.Refresh(f.ctx, visitor, g.RefreshToken)
					if err != nil {
						t.Errorf("refresh: %v", err)
						return
					}
					g = next
					mu.Lock()
					issued = append(issued, g)
					mu.Unlock()
					first()
				}
			})
		}
		var last store.User
		for i := range changes {
			if i == changes/2 {
				refreshed.Wait() // a busy machine may not have run the clients yet
			}
			last = f.setRights(t, "alice", RightsChange{Grant: []string{fmt.Sprint("r", i)}, Revoke: []string{fmt.Sprint("r", i-1)}})
		}
		close(stop)
		running.Wait()
		if err := node.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		for _, g := range issued {
			who, err := node.Verify(g.AccessToken)
			if current := err == nil; current && who.Roles() != last.Rights.Roles || !current && CodeOf(err) != CodeTokenExpired {
				t.Errorf("a token has the roles %q (%v), the user has %q", who.Roles(), err, last.Rights.Roles)
			}
		}
	})
}

// TestARestoredUserIsNotAskedToRefreshForEver: the user of a recent change of roles is deleted and
// imported again, with the same id.
func TestARestoredUserIsNotAskedToRefreshForEver(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		r := f.register(t, "alice")
		if err := f.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		f.setRights(t, "alice", RightsChange{Grant: []string{"admin"}})
		c, err := f.store.Credentials(f.ctx, "alice")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.DeleteUser(f.ctx, visitor, "alice"); err != nil {
			t.Fatal(err)
		}
		f.advance(time.Millisecond)
		in, err := f.CheckArrival(Arrival{ID: r.ID, Username: "alice", PasswordHash: c.PasswordHash})
		if err != nil {
			t.Fatal(err)
		}
		if done, err := f.ImportUsers(f.ctx, visitor, []store.ImportedUser{in}); err != nil || done[0] != store.Imported {
			t.Fatal(done, err)
		}
		_, err = f.Verify(f.signIn(t, "alice").AccessToken)
		wantCode(t, "verify", err, "")
	})
}

// TestAChangeOfRolesThatTheDatabaseLostMakesEverybodyRefreshOnce: it fails over to a replica that has
// not received the change.
func TestAChangeOfRolesThatTheDatabaseLostMakesEverybodyRefreshOnce(t *testing.T) {
	t.Parallel()
	eachBackend(t, func(t *testing.T, open func(testing.TB) store.Store) {
		f := newFixture(t, open(t), nil)
		f.register(t, "alice")
		before := f.signIn(t, "alice")
		replica := backup(t, f, open, before)
		f.setRights(t, "alice", RightsChange{Grant: []string{"admin"}})
		lost := f.signIn(t, "alice")
		n := newStricken(t, f.store)
		n.clock.Store(f.clock.Load())
		n.st.Store = replica
		n.read(t)
		if len(n.events) != 1 || n.events[0] != Restored {
			t.Errorf("the node tells %q, want %q", n.events, Restored)
		}
		for _, g := range []Grant{before, lost} {
			_, err := n.Verify(g.AccessToken)
			wantCode(t, "verify a token of before", err, CodeTokenExpired)
		}
		g, err := n.Refresh(n.ctx, visitor, before.RefreshToken)
		wantCode(t, "refresh", err, "")
		who, err := n.Verify(g.AccessToken)
		wantCode(t, "verify what the refresh gave", err, "")
		if who.Roles() != "" {
			t.Errorf("got the roles %q", who.Roles())
		}
		n.events = nil
		if n.read(t); len(n.events) != 0 {
			t.Errorf("and then it tells %q", n.events)
		}
	})
}

func TestTheFeedKnowsWhoseRightsHaveChanged(t *testing.T) {
	t.Parallel()
	for _, others := range []int{0, 3 * feedRecent} { // in the recent list, and in buckets
		f := newFeed(16 * time.Minute)
		alice, bob := numbered(1), numbered(2)
		entries := []store.Revocation{{At: issuedAt, UserID: alice, Rights: 5}, {At: issuedAt, UserID: alice, Rights: 4}}
		for i := range others {
			entries = append(entries, store.Revocation{At: issuedAt.Add(time.Duration(i) * time.Second), UserID: numbered(100), Rights: int64(i + 1)})
		}
		f.read(store.Feed{Position: "1", Entries: entries}, f.current.Load(), time.Now(), issuedAt)
		known := f.current.Load()
		for c, want := range map[accessClaims]bool{
			{userID: alice}:            true,
			{userID: alice, rights: 4}: true,
			{userID: alice, rights: 5}: false,
			{userID: alice, rights: 6}: false,
			{userID: bob}:              false,
		} {
			c.sessionID = uuid.New()
			if known.outdated(c) != want || known.ended(c) {
				t.Errorf("%+v, with %d others: got %t and %t", c, others, known.outdated(c), known.ended(c))
			}
		}
		if users, sessions := known.remembered(0); len(users)+len(sessions) != 0 || known.rememberedRights()[alice] != 5 {
			t.Errorf("got %v, %v, %v", users, sessions, known.rememberedRights())
		}
	}
}
