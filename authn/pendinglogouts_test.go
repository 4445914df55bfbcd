package authn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// unending is a store that cannot end sessions while its database is down.
type unending struct {
	store.Store
	away atomic.Bool
}

func (s *unending) EndSessionsByID(ctx context.Context, ids []uuid.UUID, e store.Event) (int, error) {
	if s.away.Load() {
		return 0, fmt.Errorf("dial: %w", store.ErrUnavailable)
	}
	return s.Store.EndSessionsByID(ctx, ids, e)
}

func (s *unending) EndSessionsLate(ctx context.Context, ids []uuid.UUID, now time.Time, e store.Event) (int, error) {
	if s.away.Load() {
		return 0, fmt.Errorf("dial: %w", store.ErrUnavailable)
	}
	return s.Store.EndSessionsLate(ctx, ids, now, e)
}

// TestALogoutIsCarriedOutWhenTheDatabaseIsBack: the audit trail says who signed out, and when.
func TestALogoutIsCarriedOutWhenTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, other *fixture) {
		st := &unending{Store: other.store}
		f := newFixture(t, st, nil)
		user := f.register(t, "alice")
		g := f.signIn(t, "alice")
		if err := other.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		f.advance(time.Minute)
		asked := f.now()

		st.away.Store(true)
		for range 2 { // a client that tries again
			err := f.Logout(f.ctx, visitor, []string{g.RefreshToken}, []string{g.AccessToken})
			wantCode(t, "logout", err, CodeUnavailable)
			if said := err.(*Error); !strings.Contains(said.Message, "as soon as the database answers again") || !strings.Contains(said.Err.Error(), g.SessionID.String()) {
				t.Errorf("it says %q, because of %v", said.Message, said.Err)
			}
			if strings.Contains(err.Error(), g.RefreshToken) {
				t.Errorf("the error tells the token: %v", err)
			}
		}
		if got := f.Cluster.PendingLogouts(); !slices.Equal(got, []uuid.UUID{g.SessionID}) {
			t.Errorf("pending are %v, want %s", got, g.SessionID)
		}
		wantCode(t, "finish while it is away", f.Cluster.FinishLogouts(f.ctx), CodeUnavailable)
		wantCode(t, "verify here", verifyError(f, g), CodeSessionRevoked)
		_, err := f.Refresh(f.ctx, visitor, g.RefreshToken)
		wantCode(t, "refresh here", err, CodeSessionRevoked)

		// The database is back after the last access token has expired.
		f.advance(3 * time.Hour)
		other.advance(3*time.Hour + time.Minute)
		again := other.refreshed(t, g.RefreshToken) // another node knows nothing of it yet
		st.away.Store(false)
		_, err = f.Refresh(f.ctx, visitor, again.RefreshToken)
		wantCode(t, "refresh here before it is carried out", err, CodeSessionRevoked)
		if err := f.Cluster.FinishLogouts(f.ctx); err != nil {
			t.Fatal(err)
		}
		if n := f.Cluster.CountPendingLogouts(); n != 0 {
			t.Errorf("%d are pending", n)
		}
		if err := other.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "verify there", verifyError(other, again), CodeSessionRevoked)
		fresh := newFixture(t, other.store, nil) // it reads what is young enough to matter
		fresh.advance(3*time.Hour + time.Minute)
		if err := fresh.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "verify at a new node", verifyError(fresh, again), CodeSessionRevoked)
		_, err = f.Refresh(f.ctx, visitor, again.RefreshToken)
		wantCode(t, "refresh", err, CodeUnauthenticated)

		ended, err := f.store.Ending(f.ctx, user.ID, g.SessionID, asked)
		want := visitor.event(store.ActionLogout, asked)
		want.Actor, want.UserID, want.SessionID = "session:"+g.SessionID.String(), user.ID, g.SessionID
		if err != nil || ended != want {
			t.Errorf("the trail says %+v, %v; want %+v", ended, err, want)
		}
	})
}

func TestPendingLogoutsAreBounded(t *testing.T) {
	t.Parallel()
	var p pendingLogouts
	none, all := func(uuid.UUID) bool { return false }, func(uuid.UUID) bool { return true }
	ids := func(n int) []uuid.UUID {
		made := make([]uuid.UUID, n)
		for i := range made {
			made[i] = uuid.New()
		}
		return made
	}
	if out := p.remember(ids(maxPendingUnproven+3), none, store.Event{}); out != 3 {
		t.Errorf("of tokens that anybody can make up %d were left out, want 3", out)
	}
	signed := ids(maxPendingUnproven + 1)
	if out := p.remember(signed, all, store.Event{}); out != 1 {
		t.Errorf("of signed tokens %d were left out, want 1", out)
	}
	if !p.has(signed[0]) || p.has(signed[maxPendingUnproven]) {
		t.Error("it is not the first of them that are kept")
	}
	if out := p.remember(signed[:2], all, store.Event{}); out != 0 || len(p.list()) != 2 {
		t.Errorf("those that are kept already: %d left out, %d requests", out, len(p.list()))
	}
	for _, r := range p.list() {
		p.forget(r)
	}
	if p.size.Load() != 0 || len(p.sessions) != 0 || p.unproven != 0 || len(p.requests) != 0 {
		t.Errorf("after all were carried out it holds %+v", &p)
	}
}

func TestALogoutThatCannotBeRememberedSaysSo(t *testing.T) {
	t.Parallel()
	st := &unending{Store: openSQLite(t)}
	f := newFixture(t, st, nil)
	st.away.Store(true)
	for range maxPendingUnproven / maxLogoutTokens {
		var made []string
		for range maxLogoutTokens {
			made = append(made, newRefreshToken().secret())
		}
		wantCode(t, "a flood", f.Logout(f.ctx, visitor, made, nil), CodeUnavailable)
	}
	err := f.Logout(f.ctx, visitor, []string{newRefreshToken().secret()}, nil)
	wantCode(t, "one more", err, CodeUnavailable)
	if said, ok := errors.AsType[*Error](err); !ok || !strings.Contains(said.Message, "was not ended") || !strings.Contains(said.Err.Error(), "authctl token revoke") {
		t.Errorf("it says %v", err)
	}
	f.register(t, "alice")
	g := f.signIn(t, "alice")
	wantCode(t, "a true one", f.Logout(f.ctx, visitor, []string{g.RefreshToken}, []string{g.AccessToken}), CodeUnavailable)
	if !f.Cluster.pending.has(g.SessionID) {
		t.Error("the flood took the room of those who hold a signed token")
	}
}

// TestANodeCarriesLogoutsOutByItself: it does when the database is back, and when the node is
// stopped.
func TestANodeCarriesLogoutsOutByItself(t *testing.T) {
	t.Parallel()
	st := &unending{Store: openSQLite(t)}
	f := newFixture(t, st, nil)
	f.register(t, "alice")
	told := make(chan FollowEvent, 8)
	ctx, stop := context.WithCancel(t.Context())
	leave, err := f.Cluster.Join(ctx, store.Node{ID: uuid.New(), Name: "one"}, func(e FollowEvent, _ error) { told <- e }, nil)
	if err != nil {
		t.Fatal(err)
	}
	logout := func() {
		t.Helper()
		g := f.signIn(t, "alice")
		st.away.Store(true)
		wantCode(t, "logout", f.Logout(f.ctx, visitor, []string{g.RefreshToken}, nil), CodeUnavailable)
	}
	logout()
	st.away.Store(false)
	if got := <-told; got != LogoutsFinished || f.Cluster.CountPendingLogouts() != 0 {
		t.Errorf("it told %q, and %d are pending", got, f.Cluster.CountPendingLogouts())
	}
	logout()
	st.away.Store(false)
	stop()
	leave()
	if n := f.Cluster.CountPendingLogouts(); n != 0 {
		t.Errorf("%d are pending after a clean stop", n)
	}
	if count, err := f.CountSessions(f.ctx, store.Everyone()); err != nil || count.Sessions != 0 {
		t.Errorf("%d sessions are alive, %v", count.Sessions, err)
	}
}
