package authn

import (
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

func (f *fixture) forgot(t testing.TB, identifier string) {
	t.Helper()
	if err := f.ForgotPassword(f.ctx, visitor, identifier, "fr"); err != nil {
		t.Fatalf("forgot %s: %v", identifier, err)
	}
}

func TestAResetSetsAPasswordAndEndsAllSessions(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		g := f.signIn(t, "alice")
		f.forgot(t, "Alice@EXAMPLE.com")
		f.forgot(t, "ALICE") // by name; it replaces the mail, and both links are good
		token := f.token(t, store.MailReset, "alice@example.com")
		_, err := f.ResetPassword(f.ctx, visitor, token, "short")
		wantCode(t, "a weak one", err, CodeWeakPassword)
		f.advance(ResetLife - time.Second)
		user, err := f.ResetPassword(f.ctx, visitor, token, nextPassword)
		if err != nil || user.Username != "alice" {
			t.Fatalf("got %+v, %v", user, err)
		}
		f.wantAlive(t, "the session from before", g, false)
		_, err = f.ResetPassword(f.ctx, visitor, token, nextPassword)
		wantCode(t, "a second time", err, CodeInvalidLink)
		_, err = f.Login(f.ctx, visitor, Account{Username: "alice", Password: nextPassword}, "")
		wantCode(t, "login", err, "")
		f.wantMails(t, "alice@example.com", "password_reset", "reset", "reset", "verify")
	})
}

func TestAResetEnablesAPasswordThatFailuresHaveDisabled(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { mailing(c); c.Accounts.DisableAfter = 3 }, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		for range 3 {
			_, err := f.Login(f.ctx, visitor, Account{Username: "alice", Password: "wrong"}, "")
			wantCode(t, "login", err, CodeInvalidCredentials)
		}
		f.wantMails(t, "alice@example.com", "password_disabled", "verify")
		f.forgot(t, "alice")
		if _, err := f.ResetPassword(f.ctx, visitor, f.token(t, store.MailReset, "alice@example.com"), nextPassword); err != nil {
			t.Fatal(err)
		}
		_, err := f.Login(f.ctx, visitor, Account{Username: "alice", Password: nextPassword}, "")
		wantCode(t, "login at once", err, "")
	})
}

// TestALinkIsDeadAfterWhatEndsAccess has each change that makes a token useless.
func TestALinkIsDeadAfterWhatEndsAccess(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		for name, change := range map[string]func(store.User) error{
			"expiry": func(store.User) error { f.advance(ResetLife); return nil },
			"set":    func(u store.User) error { return errorOf(f.SetPassword(f.ctx, visitor, u.Username, nextPassword)) },
			"changed": func(u store.User) error {
				g := f.signIn(t, u.Username)
				return errorOf(f.ChangePassword(f.ctx, visitor, f.who(t, g), []string{g.RefreshToken}, goodPassword, nextPassword))
			},
			"address": func(u store.User) error {
				return errorOf(f.SetUserEmail(f.ctx, visitor, u.Username, "other-"+u.Email, true))
			},
			"disabled": func(u store.User) error { return errorOf(f.DisableUser(f.ctx, visitor, u.Username)) },
			"enabled-again": func(u store.User) error {
				if _, err := f.DisableUser(f.ctx, visitor, u.Username); err != nil {
					return err
				}
				return errorOf(f.EnableUser(f.ctx, visitor, u.Username))
			},
			"revoked":   func(u store.User) error { return errorOf(f.EndSessions(f.ctx, visitor, store.OfUser(u.ID))) },
			"renamed":   func(u store.User) error { return errorOf(f.RenameUser(f.ctx, visitor, u.Username, "re"+u.Username)) },
			"deleted":   func(u store.User) error { return errorOf(f.DeleteUser(f.ctx, visitor, u.Username)) },
			"everybody": func(store.User) error { return errorOf(f.EndSessions(f.ctx, visitor, store.Everyone())) },
		} {
			user := f.verified(t, name)
			f.forgot(t, name)
			token := f.token(t, store.MailReset, user.Email)
			if err := change(user); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			_, err := f.ResetPassword(f.ctx, visitor, token, nextPassword)
			wantCode(t, name, err, CodeInvalidLink)
		}
	})
}

func TestForgotTellsNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		f.register(t, "bare")
		if _, err := f.Register(f.ctx, visitor, Account{Username: "unverified", Password: goodPassword, Email: "unverified@example.com"}); err != nil {
			t.Fatal(err)
		}
		f.verified(t, "dora")
		if _, err := f.DisableUser(f.ctx, visitor, "dora"); err != nil {
			t.Fatal(err)
		}
		for _, identifier := range []string{"bare", "unverified", "unverified@example.com", "dora", "dora@example.com", "nobody", "nobody@example.com", "", "a@@b", "\x00", "\xff", "a b"} {
			f.forgot(t, identifier)
		}
		f.wantMails(t, "unverified@example.com", "verify")
		f.wantMails(t, "dora@example.com", "verify")
	})
}

func TestForgotIsLimited(t *testing.T) {
	t.Parallel()
	limited := func(c *Config) {
		mailing(c)
		c.Mail.MaxPerUser, c.Mail.MaxPerRecipient, c.Mail.MaxPerHour = 3, 5, 6
	}
	onBoth(t, limited, func(t *testing.T, f *fixture) {
		f.verified(t, "alice") // asks for one
		for range 4 {
			f.forgot(t, "alice")
		}
		f.wantMails(t, "alice@example.com", "reset", "reset", "verify")
		for _, name := range []string{"bob", "carl", "dan"} {
			f.verified(t, name)
		}
		for _, identifier := range []string{"alice", "bob", "nobody"} {
			err := f.ForgotPassword(f.ctx, visitor, identifier, "")
			wantCode(t, identifier+" over the limit of all", err, CodeRateLimited)
		}
		f.advance(time.Hour + time.Second)
		f.forgot(t, "alice")
		f.wantMails(t, "alice@example.com", "reset", "reset", "reset", "verify")
	})
}

func TestAnOperatorHandsOutALinkWithoutMail(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		first, _, _, err := f.IssueReset(f.ctx, visitor, "alice")
		if err != nil {
			t.Fatal(err)
		}
		token, user, expires, err := f.IssueReset(f.ctx, visitor, "alice")
		if err != nil || user.Username != "alice" || !expires.Equal(f.now().Add(ResetLife)) {
			t.Fatalf("got %+v, %s, %v", user, expires, err)
		}
		_, err = f.ResetPassword(f.ctx, visitor, first, nextPassword)
		wantCode(t, "the link that was replaced", err, CodeInvalidLink)
		_, err = f.ResetPassword(f.ctx, visitor, token, nextPassword)
		wantCode(t, "the link", err, "")
		_, _, _, err = f.IssueReset(f.ctx, visitor, "nobody")
		wantCode(t, "of nobody", err, CodeUserNotFound)
		if _, err := f.DisableUser(f.ctx, visitor, "alice"); err != nil {
			t.Fatal(err)
		}
		_, _, _, err = f.IssueReset(f.ctx, visitor, "alice")
		wantCode(t, "of a disabled user", err, CodeInvalidRequest)
		_, err = f.SendReset(f.ctx, visitor, "alice")
		wantCode(t, "by mail", err, CodeEmailOff)
		wantCode(t, "forgot", f.ForgotPassword(f.ctx, visitor, "alice", ""), CodeEmailOff)
	})
}

func TestAnOperatorMailsALinkBeyondTheLimits(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { mailing(c); c.Mail.MaxPerUser, c.Mail.MaxPerHour = 1, 1 }, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		f.register(t, "bare")
		for name, want := range map[string]store.MailDecision{"alice": store.MailQueued, "bare": store.MailNobody} {
			if got, err := f.SendReset(f.ctx, visitor, name); err != nil || got != want {
				t.Errorf("%s: got %s, %v, want %s", name, got, err, want)
			}
		}
		_, err := f.ResetPassword(f.ctx, visitor, f.token(t, store.MailReset, "alice@example.com"), nextPassword)
		wantCode(t, "reset", err, "")
	})
}

func TestALinkForAnAddressSetsNoPassword(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		f.forgot(t, "alice")
		reset := f.token(t, store.MailReset, "alice@example.com")
		if err := f.ChangeEmail(f.ctx, visitor, f.who(t, f.signIn(t, "alice")), "new@example.com", goodPassword, ""); err != nil {
			t.Fatal(err)
		}
		verify := f.token(t, store.MailVerify, "new@example.com")
		_, err := f.ResetPassword(f.ctx, visitor, verify, nextPassword)
		wantCode(t, "reset", err, CodeInvalidLink)
		_, err = f.VerifyEmail(f.ctx, visitor, reset)
		wantCode(t, "verify", err, CodeInvalidLink)
		_, err = f.VerifyEmail(f.ctx, visitor, verify)
		wantCode(t, "verify with the right link", err, "")
		_, err = f.ResetPassword(f.ctx, visitor, reset, nextPassword)
		wantCode(t, "reset after the change of address", err, CodeInvalidLink)
	})
}
