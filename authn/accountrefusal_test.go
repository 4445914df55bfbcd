package authn

import (
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

// TestASessionThatEndedMeanwhileChangesNothing: the access token was good when the request began.
func TestASessionThatEndedMeanwhileChangesNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, mailingAndLimited, func(t *testing.T, f *fixture) {
		for name, ends := range map[string]func(g Grant) error{
			"logged-out": func(g Grant) error { return f.Logout(f.ctx, visitor, []string{g.RefreshToken}, nil) },
			"revoked": func(g Grant) error {
				_, err := f.EndSessions(f.ctx, operator, store.OfUser(g.User.ID))
				return err
			},
			"deleted": func(g Grant) error {
				_, err := f.DeleteUser(f.ctx, operator, g.User.Username)
				return err
			},
			"renamed": func(g Grant) error {
				_, err := f.RenameUser(f.ctx, operator, g.User.Username, "new-"+g.User.Username)
				return err
			},
			"replaced": func(g Grant) error { // by another user of the name
				if _, err := f.DeleteUser(f.ctx, operator, g.User.Username); err != nil {
					return err
				}
				f.register(t, g.User.Username)
				return nil
			},
		} {
			f.verified(t, name)
			g := f.signIn(t, name)
			who := f.who(t, g)
			if err := ends(g); err != nil {
				t.Fatal(err)
			}
			_, err := f.ChangePassword(f.ctx, visitor, who, []string{g.RefreshToken}, goodPassword, nextPassword)
			wantCode(t, name, err, CodeSessionRevoked)
			if f.mailed(t, name+"@example.com")[store.MailPasswordChanged] > 0 {
				t.Errorf("%s: a change was noticed", name)
			}
			u, err := f.User(f.ctx, name)
			if err != nil {
				continue
			}
			f.wantLogin(t, name+": the old password", name, goodPassword, "")
			if _, counted := f.failures(t, u.Username); counted > 0 {
				t.Errorf("%s: the right password counts as %d failures", name, counted)
			}
		}
	})
}

func TestARefusedChangeOfAddressMailsNobody(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { mailingAndLimited(c); c.Mail.MaxPerUser = 2 }, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		g := f.signIn(t, "alice")
		who := f.who(t, g)
		wantCode(t, "no address", f.ChangeEmail(f.ctx, visitor, who, "new", goodPassword, ""), CodeInvalidEmail)
		wantCode(t, "a wrong password", f.ChangeEmail(f.ctx, visitor, who, "new@example.com", "a wrong guess indeed", ""), CodeInvalidCredentials)
		if consecutive, counted := f.failures(t, "alice"); consecutive != 1 || counted != 1 {
			t.Errorf("counted %d and %d failures, want 1", consecutive, counted)
		}
		wantCode(t, "the second mail of the user", f.ChangeEmail(f.ctx, visitor, who, "new@example.com", goodPassword, ""), "")
		err := f.ChangeEmail(f.ctx, visitor, who, "more@example.com", goodPassword, "")
		wantCode(t, "a third", err, CodeRateLimited)
		wantCode(t, "a third of another kind", f.ResendVerification(f.ctx, visitor, who, ""), CodeRateLimited)
		if retryAfter0(err) != time.Hour {
			t.Errorf("retry after %s", retryAfter0(err))
		}
		if _, counted := f.failures(t, "alice"); counted != 1 {
			t.Errorf("a right password over the limit of mail counts: %d failures", counted)
		}
		for _, address := range []string{"more@example.com", "new"} {
			f.wantMail(t, "refused", address, nil)
		}
		if _, err := f.EndSessions(f.ctx, operator, store.OfUser(g.User.ID)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.DisableUser(f.ctx, operator, "alice"); err != nil {
			t.Fatal(err)
		}
		f.advance(2 * time.Hour)
		wantCode(t, "resend for a disabled user", f.ResendVerification(f.ctx, visitor, who, ""), CodeInvalidEmail)
	})
}

func TestTheLimitOfAnAddressDoesNotShow(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { mailOn(c); c.Mail.MaxPerRecipient = 1 }, func(t *testing.T, f *fixture) {
		f.verified(t, "carol")
		f.advance(mailWindow + time.Microsecond)
		f.unverified(t, "alice", "full@example.com")
		f.unverified(t, "bob", "full@example.com") // the second mail to the address
		f.wantMail(t, "over the limit", "full@example.com", map[store.MailKind]int{store.MailVerify: 1})
		who := f.who(t, f.signIn(t, "bob"))
		for _, address := range []string{"full@example.com", "carol@example.com", "carol@example.com"} {
			wantCode(t, address, f.ChangeEmail(f.ctx, visitor, who, address, goodPassword, ""), "")
			wantCode(t, "resend to "+address, f.ResendVerification(f.ctx, visitor, who, ""), "")
		}
		if got := f.mailed(t, "carol@example.com"); got[store.MailAddressInUse] != 1 || got[store.MailVerify] != 1 {
			t.Errorf("the owner got %v", got)
		}
	})
}

func TestAnOwnerDeletesTheAccountWithAllItsData(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { mailingAndLimited(c); c.NameQuarantine = 24 * time.Hour }, func(t *testing.T, f *fixture) {
		alice := f.verified(t, "alice")
		f.register(t, "bob")
		one, two, stranger := f.signIn(t, "alice"), f.signIn(t, "alice"), f.signIn(t, "bob")
		who := f.who(t, one)
		wantCode(t, "change of address", f.ChangeEmail(f.ctx, visitor, who, "new@example.com", goodPassword, ""), "")
		verify := f.link(t, store.MailVerify)
		wantCode(t, "forgot", f.ForgotPassword(f.ctx, visitor, "alice", ""), "")
		reset := f.link(t, store.MailReset)
		wantCode(t, "a wrong password", f.DeleteAccount(f.ctx, visitor, who, "a wrong guess indeed"), CodeInvalidCredentials)
		if consecutive, counted := f.failures(t, "alice"); consecutive != 1 || counted != 1 {
			t.Errorf("counted %d and %d failures, want 1", consecutive, counted)
		}
		wantCode(t, "delete", f.DeleteAccount(f.ctx, visitor, who, goodPassword), "")
		wantCode(t, "delete again", f.DeleteAccount(f.ctx, visitor, who, goodPassword), CodeSessionRevoked)
		if f.alive(t, one) || f.alive(t, two) || !f.alive(t, stranger) {
			t.Error("a session outlives its account, or a stranger's does not")
		}
		_, err := f.User(f.ctx, "alice")
		wantCode(t, "the user", err, CodeUserNotFound)
		_, err = f.VerifyEmail(f.ctx, visitor, verify)
		wantCode(t, "a link that verifies", err, CodeInvalidLink)
		_, err = f.ResetPassword(f.ctx, visitor, reset, nextPassword)
		wantCode(t, "a link for a reset", err, CodeInvalidLink)
		f.wantLogin(t, "sign in by address", "alice@example.com", goodPassword, CodeInvalidCredentials)
		f.wantMail(t, "what is left", "alice@example.com", map[store.MailKind]int{store.MailAccountDeleted: 1})
		e := f.trail(t, store.ActionUserDeleted)
		if len(e) != 1 || e[0].UserID != alice.ID || e[0].Actor != "user:"+alice.ID.String() {
			t.Errorf("got %+v", e)
		}
		_, err = f.Register(f.ctx, visitor, Account{Username: "alice", Password: goodPassword})
		wantCode(t, "the name, within its quarantine", err, CodeUsernameTaken)
		_, err = f.Register(f.ctx, visitor, Account{Username: "next", Password: goodPassword, Email: "alice@example.com"})
		wantCode(t, "the address", err, "")
		if v, err := f.VerifyEmail(f.ctx, visitor, f.link(t, store.MailVerify)); err != nil || v.User.Username != "next" {
			t.Errorf("got %+v, %v", v, err)
		}
	})
}
