package authn

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authctl/authctl/store"
)

func TestNobodyWaitsLongForATurnToHash(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(cheap, 1)
		h.slots <- struct{}{} // somebody computes
		began := time.Now()
		_, err := h.hash(t.Context(), goodPassword, nil)
		wantCode(t, "hash", err, CodeOverloaded)
		if waited := time.Since(began); waited != maxHashWait || !errors.Is(err, errHashWait) {
			t.Errorf("got %v after %s, want %v after %s", err, waited, errHashWait, maxHashWait)
		}
		if got := h.stats(); got != (HashStats{}) {
			t.Errorf("got %+v, want nobody waiting", got)
		}
		<-h.slots
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 100 { // a slot and the end of the context are both there
			_, err := h.hash(ctx, goodPassword, nil)
			wantCode(t, "hash for nobody", err, CodeOverloaded)
		}
		if _, err := h.hash(t.Context(), goodPassword, nil); err != nil || len(h.slots) != 0 {
			t.Errorf("got %v with %d slots taken", err, len(h.slots))
		}
	})
}

// TestLoginsOfOneUserDoNotDisturbEachOther has many sign in at once after the cost
// was changed: the first to finish replaces the hash.
func TestLoginsOfOneUserDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		dearer := newFixture(t, f.store, func(cfg *Config) { cfg.Argon2.Iterations++ })
		var logins sync.WaitGroup
		for range 8 {
			logins.Go(func() {
				if _, err := dearer.Login(f.ctx, visitor, Account{"alice", goodPassword}, ""); err != nil {
					t.Errorf("login: %v", err)
				}
			})
		}
		logins.Go(func() {
			if _, err := f.EndSessions(f.ctx, visitor, store.Everyone()); err != nil {
				t.Errorf("end sessions: %v", err)
			}
		})
		logins.Wait()
		_, err := dearer.Login(f.ctx, visitor, Account{"alice", "not the password"}, "")
		wantCode(t, "wrong password", err, CodeInvalidCredentials)
	})
}

func TestLogoutEndsWhateverCameAlong(t *testing.T) {
	t.Parallel()
	f := newFixture(t, openSQLite(t), nil)
	f.register(t, "alice")
	one, two, three := f.signIn(t, "alice"), f.signIn(t, "alice"), f.signIn(t, "alice")
	stranger := newRefreshToken().secret()
	if err := f.Logout(f.ctx, visitor, []string{stranger, "planted", one.RefreshToken, two.RefreshToken}, []string{"x", three.AccessToken}); err != nil {
		t.Fatal(err)
	}
	for _, g := range []Grant{one, two, three} {
		_, err := f.Refresh(f.ctx, visitor, g.RefreshToken)
		wantCode(t, "refresh", err, CodeUnauthenticated)
	}
}

func TestTheOldestSessionMakesRoomForANewOne(t *testing.T) {
	t.Parallel()
	onBoth(t, func(cfg *Config) { cfg.MaxSessions = 2 }, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		f.register(t, "bob")
		stranger := f.signIn(t, "bob")
		var grants []Grant
		for range 4 {
			grants = append(grants, f.signIn(t, "alice"))
			f.advance(time.Second)
		}
		for i, g := range append(grants, stranger) {
			_, err := f.Profile(f.ctx, g.AccessToken)
			if want := i < 2; (err != nil) != want {
				t.Errorf("session %d: got %v, want it ended: %t", i, err, want)
			}
		}
	})
}
