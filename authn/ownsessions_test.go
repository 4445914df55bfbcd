package authn

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// TestOneAccountsManySessionsComeInPages: the account has more sessions than one answer holds.
// Each revocation of many sessions takes one step.
func TestOneAccountsManySessionsComeInPages(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		alice := f.register(t, "alice")
		creds, err := f.store.Credentials(f.ctx, alice.Folded)
		if err != nil {
			t.Fatal(err)
		}
		const many = 2*OwnPage + 1 // the sign-in below is one more
		for i := range many {
			n := store.NewSession{ID: uuid.New(), UserID: alice.ID, TokenHash: fmt.Sprint(i), CreatedAt: f.now().Add(-time.Duration(i/2) * time.Second),
				ExpiresAt: f.now().Add(time.Hour), AbsoluteExpiresAt: f.now().Add(time.Hour), PasswordHash: creds.PasswordHash}
			if started, err := f.store.StartSession(f.ctx, n, visitor.event(store.ActionLogin, f.now())); err != nil || !started {
				t.Fatal(started, err)
			}
		}
		f.advance(time.Second)
		g := f.signIn(t, "alice")
		if err := f.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		seen := map[uuid.UUID]bool{}
		last, cursor := f.now(), ""
		for _, want := range []int{OwnPage, OwnPage, 2} {
			who, own, next, err := f.OwnSessions(f.ctx, g.AccessToken, cursor)
			if err != nil || who.userID != alice.ID || len(own) != want || (next == "") != (want == 2) {
				t.Fatalf("got %d sessions of %v and %q, %v", len(own), who, next, err)
			}
			for _, s := range own {
				if s.CreatedAt.After(last) || seen[s.ID] {
					t.Errorf("session %s of %s comes after one of %s", s.ID, s.CreatedAt, last)
				}
				last, seen[s.ID] = s.CreatedAt, true
			}
			cursor = next
		}
		before := f.Cluster.feed.current.Load().taken
		if err := f.EndOtherSessions(f.ctx, visitor, g.AccessToken); err != nil {
			t.Fatal(err)
		}
		if n := f.Cluster.feed.current.Load().taken - before; n != 1 {
			t.Errorf("%d entries end %d sessions, want 1", n, many)
		}
		_, own, _, err := f.OwnSessions(f.ctx, g.AccessToken, "")
		if err != nil || len(own) != 1 || own[0].ID != g.SessionID {
			t.Errorf("%d sessions are left, %v", len(own), err)
		}
		if g, err = f.Refresh(f.ctx, visitor, g.RefreshToken); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Verify(g.AccessToken); err != nil {
			t.Error(err)
		}
	})
}

// TestASparedSessionIsSparedOnce ends all other sessions, and then all sessions.
func TestASparedSessionIsSparedOnce(t *testing.T) {
	t.Parallel()
	for _, others := range []int{0, 3 * feedRecent} { // in the recent list, and in buckets
		onBoth(t, nil, func(t *testing.T, f *fixture) {
			alice := f.register(t, "alice")
			kept, other := f.signIn(t, "alice"), f.signIn(t, "alice")
			if err := f.Cluster.Sync(f.ctx); err != nil {
				t.Fatal(err)
			}
			if err := f.EndOtherSessions(f.ctx, visitor, kept.AccessToken); err != nil {
				t.Fatal(err)
			}
			for i := range others {
				f.Cluster.feed.add(store.Revocation{At: f.now(), SessionID: numbered(i)})
			}
			_, err := f.Verify(kept.AccessToken)
			wantCode(t, "verify the spared one", err, "")
			_, err = f.Verify(other.AccessToken)
			wantCode(t, "verify the other", err, CodeSessionRevoked)
			late := newFixture(t, f.store, nil)
			if err := late.Cluster.Sync(f.ctx); err != nil {
				t.Fatal(err)
			}
			wantCode(t, "verify on a server that starts later", verifyError(late, kept), "")
			in, err := f.Inspect(f.ctx, kept.AccessToken)
			if err != nil || in.Verdict != VerdictGood {
				t.Errorf("inspect: got %+v, %v", in, err)
			}
			if _, err := f.EndSessions(f.ctx, operator, store.OfUser(alice.ID)); err != nil {
				t.Fatal(err)
			}
			_, err = f.Verify(kept.AccessToken)
			wantCode(t, "verify it after all have ended", err, CodeSessionRevoked)
			_, err = f.Refresh(f.ctx, visitor, kept.RefreshToken)
			wantCode(t, "refresh it after all have ended", err, CodeSessionRevoked)
		})
	}
}
