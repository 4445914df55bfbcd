package authn

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

func TestBadLoginsAreAlikeAndCostOneHashEach(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		f.register(t, "dora")
		if _, err := f.DisableUser(f.ctx, Actor{Name: "cli:root"}, "dora"); err != nil {
			t.Fatal(err)
		}
		var first error
		for what, in := range map[string]Account{
			"unknown user":    {Username: "nobody", Password: goodPassword},
			"impossible name": {Username: "no body", Password: goodPassword},
			"wrong password":  {Username: "alice", Password: goodPassword + "!"},
			"empty password":  {Username: "alice", Password: ""},
			"disabled user":   {Username: "dora", Password: goodPassword},
			"disabled, wrong": {Username: "dora", Password: goodPassword + "!"},
		} {
			before := f.HashStats().Run
			_, err := f.Login(f.ctx, visitor, in, "")
			wantCode(t, what, err, CodeInvalidCredentials)
			if got := f.HashStats().Run - before; got != 1 {
				t.Errorf("%s: got %d hashes, want 1", what, got)
			}
			if first == nil {
				first = err
			}
			if !reflect.DeepEqual(err, first) {
				t.Errorf("%s: got %#v, want %#v", what, err, first)
			}
		}
	})
}

func TestPasswordTooLongForAnyoneIsRefusedWithoutAHash(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		before := f.HashStats().Run
		long := make([]byte, 257)
		for i := range long {
			long[i] = 'x'
		}
		_, err := f.Login(f.ctx, visitor, Account{Username: "alice", Password: string(long)}, "")
		wantCode(t, "login", err, CodeInvalidCredentials)
		if got := f.HashStats().Run - before; got != 0 {
			t.Errorf("got %d hashes, want none", got)
		}
	})
}

func TestTakenUsernameCostsAHashToo(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "Alice")
		before := f.HashStats().Run
		_, err := f.Register(f.ctx, visitor, Account{Username: "aLICE", Password: goodPassword})
		wantCode(t, "register", err, CodeUsernameTaken)
		if got := f.HashStats().Run - before; got != 1 {
			t.Errorf("got %d hashes, want 1", got)
		}
		if user, err := f.User(f.ctx, "ALICE"); err != nil || user.Username != "Alice" {
			t.Errorf("got %q, %v; want the name as typed first", user.Username, err)
		}
	})
}

func TestClosedRegistrationRefusesVisitorsAndNotOperators(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { c.RegistrationClosed = true }, func(t *testing.T, f *fixture) {
		_, err := f.Register(f.ctx, visitor, Account{Username: "alice", Password: goodPassword})
		wantCode(t, "register", err, CodeRegistrationClosed)
		_, err = f.CreateUser(f.ctx, Actor{Name: "cli:root"}, NewAccount{Account: Account{Username: "alice", Password: goodPassword}})
		wantCode(t, "create", err, "")
	})
}

func TestLoginReportsItsSteps(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		want := []string{"hash_wait", "lookup", "hash", "store"}
		for what, password := range map[string]string{"good": goodPassword, "bad": goodPassword + "!"} {
			g, _ := f.Login(f.ctx, visitor, Account{Username: "alice", Password: password}, "")
			var got []string
			for _, step := range g.Steps {
				got = append(got, step.Name)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", what, got, want)
			}
		}
	})
}

func TestLoginUpgradesAHashOfAnotherCostAndOnlyThen(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		dearer := newFixture(t, f.store, func(c *Config) { c.Argon2.Memory = 128 })
		_, err := dearer.Login(f.ctx, visitor, Account{Username: "alice", Password: goodPassword + "!"}, "")
		wantCode(t, "wrong password", err, CodeInvalidCredentials)
		for i, want := range []uint64{2 + 2, 2 + 2 + 1} { // wrong, and one of the configured cost; verify and rehash; verify
			dearer.signIn(t, "alice")
			if got := dearer.HashStats().Run; got != want {
				t.Errorf("after login %d: got %d hashes, want %d", i+1, got, want)
			}
		}
	})
}

func TestCorruptHashIsTheGenericErrorWithACauseForTheLog(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		user := f.register(t, "alice")
		for _, corrupt := range []string{"$argon2id$", "$argon2id$v=19$m=4194304,t=3,p=1$c29tZXNhbHQ$c29tZXNhbHQ", "$2a$10$x"} {
			if _, err := f.store.SetPassword(f.ctx, user.ID, corrupt, nil, store.Event{Action: store.ActionPasswordChanged, At: f.now(), Actor: "cli:test"}); err != nil {
				t.Fatal(err)
			}
			before := f.HashStats().Run
			_, err := f.Login(f.ctx, visitor, Account{Username: "alice", Password: goodPassword}, "")
			wantCode(t, corrupt, err, CodeInvalidCredentials)
			if e, ok := err.(*Error); !ok || e.Err == nil {
				t.Errorf("%s: got %#v, want a cause", corrupt, err)
			}
			if got := f.HashStats().Run - before; got != 1 {
				t.Errorf("%s: got %d hashes, want 1", corrupt, got)
			}
		}
	})
}

func TestLoginEndsTheSessionItCameWith(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		f.register(t, "bob")
		old := f.signIn(t, "alice")
		other := f.signIn(t, "alice")
		g, err := f.Login(f.ctx, visitor, Account{Username: "bob", Password: goodPassword}, old.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Profile(f.ctx, old.AccessToken)
		wantCode(t, "profile of the old session", err, CodeSessionRevoked)
		_, err = f.Refresh(f.ctx, visitor, old.RefreshToken)
		wantCode(t, "refresh of the old session", err, CodeUnauthenticated)
		f.refreshed(t, other.RefreshToken)
		f.refreshed(t, g.RefreshToken)
	})
}

func TestRefreshWithinTheWindowConvergesOnOneToken(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		first := f.signIn(t, "alice")
		second := f.refreshed(t, first.RefreshToken)
		f.advance(10 * time.Second)
		again := f.refreshed(t, first.RefreshToken)
		if again.Outcome != store.Retried || again.RefreshToken != second.RefreshToken {
			t.Errorf("got %s and another token, want the same successor", again.Outcome)
		}
		if !again.RefreshExpiresAt.Equal(second.RefreshExpiresAt) {
			t.Errorf("got expiry %s, want %s: a retry extends nothing", again.RefreshExpiresAt, second.RefreshExpiresAt)
		}
		if _, err := f.Profile(f.ctx, again.AccessToken); err != nil {
			t.Error(err)
		}
		third := f.refreshed(t, second.RefreshToken)
		if third.Outcome != store.Rotated {
			t.Errorf("got %s, want rotated", third.Outcome)
		}
		f.advance(10 * time.Second)
		again = f.refreshed(t, second.RefreshToken)
		if again.Outcome != store.Retried || again.RefreshToken != third.RefreshToken {
			t.Errorf("got %s and another token, want the successor", again.Outcome)
		}
		_, err := f.Refresh(f.ctx, visitor, first.RefreshToken) // replaced 20 seconds ago
		wantCode(t, "the first token", err, CodeSessionReused)
		_, err = f.Refresh(f.ctx, visitor, third.RefreshToken)
		wantCode(t, "the newest token", err, CodeUnauthenticated)
	})
}

func TestReplayAfterTheWindowEndsTheSession(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		bystander := f.signIn(t, "alice")
		first := f.signIn(t, "alice")
		second := f.refreshed(t, first.RefreshToken)
		f.advance(10*time.Second + time.Microsecond)
		_, err := f.Refresh(f.ctx, visitor, first.RefreshToken)
		wantCode(t, "replay", err, CodeSessionReused)
		_, err = f.Profile(f.ctx, second.AccessToken)
		wantCode(t, "the thief's access", err, CodeSessionRevoked)
		_, err = f.Refresh(f.ctx, visitor, second.RefreshToken)
		wantCode(t, "the descendant", err, CodeUnauthenticated)
		f.refreshed(t, bystander.RefreshToken)
	})
}

func TestSessionsEndIdleAndAbsolutely(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		idle := f.signIn(t, "alice")
		g := f.signIn(t, "alice")
		for range 4 {
			f.advance(7*24*time.Hour - time.Microsecond)
			g = f.refreshed(t, g.RefreshToken)
		}
		_, err := f.Refresh(f.ctx, visitor, idle.RefreshToken)
		wantCode(t, "idle", err, CodeSessionExpired)
		absolute := issuedAt.Add(30 * 24 * time.Hour)
		if !g.RefreshExpiresAt.Equal(absolute) {
			t.Errorf("got expiry %s, want the absolute %s", g.RefreshExpiresAt, absolute)
		}
		f.clock.Store(absolute.Add(-time.Minute).UnixMicro())
		g = f.refreshed(t, g.RefreshToken)
		if !g.AccessExpiresAt.Equal(absolute) {
			t.Errorf("got access until %s, want no longer than %s", g.AccessExpiresAt, absolute)
		}
		f.clock.Store(absolute.UnixMicro())
		_, err = f.Refresh(f.ctx, visitor, g.RefreshToken)
		wantCode(t, "at the absolute end", err, CodeSessionExpired)
	})
}

func TestLogoutEndsOneSessionByEitherTokenAndTwiceIsFine(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		a, b, kept := f.signIn(t, "alice"), f.signIn(t, "alice"), f.signIn(t, "alice")
		for range 2 {
			wantCode(t, "by refresh token", f.Logout(f.ctx, visitor, []string{a.RefreshToken}, []string{""}), "")
		}
		f.advance(time.Hour) // the access token has expired
		wantCode(t, "by access token", f.Logout(f.ctx, visitor, []string{"garbage"}, []string{b.AccessToken}), "")
		wantCode(t, "by nothing", f.Logout(f.ctx, visitor, []string{""}, []string{""}), "")
		for what, g := range map[string]Grant{"a": a, "b": b} {
			_, err := f.Refresh(f.ctx, visitor, g.RefreshToken)
			wantCode(t, what, err, CodeUnauthenticated)
		}
		f.refreshed(t, kept.RefreshToken)
	})
}

func TestAccountChangesEndSessionsAtOnceAndRevivingNothing(t *testing.T) {
	t.Parallel()
	operator := Actor{Name: "cli:root"}
	for what, change := range map[string]func(f *fixture) error{
		"disable and enable": func(f *fixture) error {
			if _, err := f.DisableUser(f.ctx, operator, "alice"); err != nil {
				return err
			}
			_, err := f.EnableUser(f.ctx, operator, "alice")
			return err
		},
		"new password": func(f *fixture) error {
			_, err := f.SetPassword(f.ctx, operator, "alice", goodPassword)
			return err
		},
		"delete and create": func(f *fixture) error {
			if _, err := f.DeleteUser(f.ctx, operator, "alice"); err != nil {
				return err
			}
			_, err := f.CreateUser(f.ctx, operator, NewAccount{Account: Account{Username: "alice", Password: goodPassword}})
			return err
		},
		"revoke user": func(f *fixture) error {
			user, err := f.User(f.ctx, "alice")
			if err != nil {
				return err
			}
			_, err = f.EndSessions(f.ctx, operator, store.OfUser(user.ID))
			return err
		},
		"revoke everyone": func(f *fixture) error { _, err := f.EndSessions(f.ctx, operator, store.Everyone()); return err },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			onBoth(t, nil, func(t *testing.T, f *fixture) {
				f.register(t, "alice")
				f.register(t, "bob")
				a, b := f.signIn(t, "alice"), f.signIn(t, "bob")
				if err := change(f); err != nil {
					t.Fatal(err)
				}
				_, err := f.Profile(f.ctx, a.AccessToken)
				wantCode(t, "profile", err, CodeSessionRevoked)
				_, err = f.Refresh(f.ctx, visitor, a.RefreshToken)
				if got := CodeOf(err); got != CodeSessionRevoked && got != CodeUnauthenticated {
					t.Errorf("refresh: got %v, want it refused", err)
				}
				if _, err := f.Profile(f.ctx, b.AccessToken); (err != nil) != (what == "revoke everyone") {
					t.Errorf("the other user: got %v", err)
				}
				f.signIn(t, "alice")
			})
		})
	}
}

func TestUnknownNamesAreNamedInTheError(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		_, err := f.User(f.ctx, "nobody")
		wantCode(t, "show", err, CodeUserNotFound)
		_, err = f.DisableUser(f.ctx, Actor{}, "no body")
		wantCode(t, "disable", err, CodeUserNotFound)
		_, err = f.SetPassword(f.ctx, Actor{}, "nobody", goodPassword)
		wantCode(t, "set password", err, CodeUserNotFound)
		wantCode(t, "end session", f.EndSession(f.ctx, Actor{}, testSession.ID), CodeSessionNotFound)
		_, err = f.EndSessions(f.ctx, Actor{}, store.OfUser(testSession.UserID))
		wantCode(t, "end sessions", err, CodeUserNotFound)
	})
}
