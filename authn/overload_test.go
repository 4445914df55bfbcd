package authn

import (
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

// TestLoginsOfOneUserDoNotDisturbEachOther: many concurrent sign-ins after a change of the
// cost. The first to finish replaces the hash.
func TestLoginsOfOneUserDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		dearer := newFixture(t, f.store, func(cfg *Config) { cfg.Argon2.Iterations++ })
		var logins sync.WaitGroup
		for range 8 {
			logins.Go(func() {
				if _, err := dearer.Login(f.ctx, visitor, Account{Username: "alice", Password: goodPassword}, ""); err != nil {
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
		_, err := dearer.Login(f.ctx, visitor, Account{Username: "alice", Password: "not the password"}, "")
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
