package authn

import (
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

func TestAPasswordChangeEndsEveryOtherSession(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		mine, other := f.signIn(t, "alice"), f.signIn(t, "alice")
		f.advance(time.Minute)
		g, err := f.ChangePassword(f.ctx, visitor, f.who(t, mine), []string{other.RefreshToken, mine.RefreshToken}, goodPassword, nextPassword)
		if err != nil {
			t.Fatal(err)
		}
		if g.SessionID != mine.SessionID || g.User.Username != "alice" || !g.RefreshExpiresAt.Equal(f.now().Add(f.refresh)) {
			t.Errorf("got %+v", g)
		}
		f.wantAlive(t, "the session that asked", g, true)
		f.wantAlive(t, "the other session", other, false)
		g = f.refreshed(t, g.RefreshToken)
		f.wantAlive(t, "after a refresh", g, true)
		_, err = f.Refresh(f.ctx, visitor, other.RefreshToken)
		wantCode(t, "refresh of the other session", err, CodeSessionRevoked)
		_, err = f.Refresh(f.ctx, visitor, mine.RefreshToken)
		wantCode(t, "refresh with the token from before", err, CodeSessionReused)
		_, err = f.Login(f.ctx, visitor, Account{Username: "alice", Password: goodPassword}, "")
		wantCode(t, "login with the old password", err, CodeInvalidCredentials)
		_, err = f.Login(f.ctx, visitor, Account{Username: "alice", Password: nextPassword}, "")
		wantCode(t, "login with the new password", err, "")
		f.wantMails(t, "alice@example.com", "password_changed", "verify")
	})
}

func TestAPasswordChangeNeverOutlivesTheSession(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		g := f.signIn(t, "alice")
		for f.now().Before(issuedAt.Add(f.maxAge - 2*time.Hour)) {
			f.advance(time.Hour)
			g = f.refreshed(t, g.RefreshToken)
		}
		g, err := f.ChangePassword(f.ctx, visitor, f.who(t, g), []string{g.RefreshToken}, goodPassword, nextPassword)
		if err != nil || !g.RefreshExpiresAt.Equal(issuedAt.Add(f.maxAge)) {
			t.Errorf("got %s, %v, want %s", g.RefreshExpiresAt, err, issuedAt.Add(f.maxAge))
		}
	})
}

func TestAPasswordChangeIsRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		g, other := f.signIn(t, "alice"), f.signIn(t, "alice")
		who := f.who(t, g)
		for what, tt := range map[string]struct {
			refresh       []string
			current, next string
			want          Code
		}{
			"without a refresh token":              {nil, goodPassword, nextPassword, CodeInvalidRequest},
			"with that of another session":         {[]string{other.RefreshToken}, goodPassword, nextPassword, CodeInvalidRequest},
			"with a weak password":                 {[]string{g.RefreshToken}, goodPassword, "short", CodeWeakPassword},
			"with the name as password":            {[]string{g.RefreshToken}, goodPassword, "alicealice", CodeWeakPassword},
			"with a wrong password":                {[]string{g.RefreshToken}, nextPassword, nextPassword, CodeInvalidCredentials},
			"with a password that nobody can have": {[]string{g.RefreshToken}, "\x00", nextPassword, CodeInvalidCredentials},
		} {
			_, err := f.ChangePassword(f.ctx, visitor, who, tt.refresh, tt.current, tt.next)
			wantCode(t, what, err, tt.want)
		}
		f.wantAlive(t, "the session", g, true)
		if _, err := f.EndSessions(f.ctx, visitor, store.OfUser(g.User.ID)); err != nil {
			t.Fatal(err)
		}
		_, err := f.ChangePassword(f.ctx, visitor, who, []string{g.RefreshToken}, goodPassword, nextPassword)
		wantCode(t, "after a revocation", err, CodeSessionRevoked)
		if _, err := f.DeleteUser(f.ctx, visitor, "alice"); err != nil {
			t.Fatal(err)
		}
		_, err = f.ChangePassword(f.ctx, visitor, who, []string{g.RefreshToken}, goodPassword, nextPassword)
		wantCode(t, "after the deletion", err, CodeSessionRevoked)
	})
}

// TestAWrongCurrentPasswordCountsAsAFailedSignIn has every operation that asks for the password.
func TestAWrongCurrentPasswordCountsAsAFailedSignIn(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		for name, attempt := range map[string]func(g Grant, password string) error{
			"change": func(g Grant, password string) error {
				_, err := f.ChangePassword(f.ctx, visitor, f.who(t, g), []string{g.RefreshToken}, password, nextPassword)
				return err
			},
			"email": func(g Grant, password string) error {
				return f.ChangeEmail(f.ctx, visitor, f.who(t, g), "new@example.com", password, "")
			},
			"delete": func(g Grant, password string) error {
				return f.DeleteAccount(f.ctx, visitor, f.who(t, g), password)
			},
		} {
			user := f.register(t, name)
			g := f.signIn(t, name)
			for i := range 3 {
				wantCode(t, name, attempt(g, "not the password"), CodeInvalidCredentials)
				u, err := f.store.UserByID(f.ctx, user.ID)
				if err != nil || u.FailedLogins != i+1 {
					t.Errorf("%s: got %d failures, %v, want %d", name, u.FailedLogins, err, i+1)
				}
			}
			wantCode(t, name+" after three failures", attempt(g, goodPassword), CodeRateLimited)
			_, err := f.Login(f.ctx, visitor, Account{Username: name, Password: goodPassword}, "")
			wantCode(t, "login after three failures", err, CodeRateLimited)
			f.advance(2 * time.Second)
			if _, err = f.Login(f.ctx, visitor, Account{Username: name, Password: "wrong"}, ""); CodeOf(err) != CodeInvalidCredentials {
				t.Errorf("login: %v", err)
			}
			f.advance(5 * time.Minute)
			wantCode(t, name+" with the right one", attempt(g, goodPassword), "")
		}
	})
}

// TestARightCurrentPasswordIsNoFailure repeats a change more often than failures are free.
func TestARightCurrentPasswordIsNoFailure(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		g := f.signIn(t, "alice")
		for range 5 {
			wantCode(t, "change of address", f.ChangeEmail(f.ctx, visitor, f.who(t, g), "new@example.com", goodPassword, ""), "")
		}
		for range 5 {
			var err error
			if g, err = f.ChangePassword(f.ctx, visitor, f.who(t, g), []string{g.RefreshToken}, goodPassword, goodPassword); err != nil {
				t.Fatal(err)
			}
		}
		f.signIn(t, "alice")
	})
}
