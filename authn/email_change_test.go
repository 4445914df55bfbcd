package authn

import (
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

func TestAnAddressStaysUntilTheNewOneIsVerified(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		g := f.signIn(t, "alice")
		if err := f.ChangeEmail(f.ctx, visitor, f.who(t, g), "New@München.example", goodPassword, ""); err != nil {
			t.Fatal(err)
		}
		const changed = "New@xn--mnchen-3ya.example"
		f.wantMails(t, "alice@example.com", "email_requested", "verify")
		user, err := f.Profile(f.ctx, g.AccessToken)
		if err != nil || user.Email != "alice@example.com" || !user.EmailVerified() {
			t.Errorf("before: got %+v, %v", user, err)
		}
		if err := f.ResendVerification(f.ctx, visitor, f.who(t, g), ""); err != nil {
			t.Fatal(err)
		}
		token := f.token(t, store.MailVerify, changed)
		v, err := f.VerifyEmail(f.ctx, visitor, token)
		if err != nil || v.Outcome != store.Verified || v.User.Email != changed || !v.User.EmailVerified() {
			t.Fatalf("got %+v, %v", v, err)
		}
		if v, err = f.VerifyEmail(f.ctx, visitor, token); err != nil || v.Outcome != store.VerifiedAlready {
			t.Errorf("a second time: got %+v, %v", v, err)
		}
		f.wantMails(t, "alice@example.com", "email_changed", "email_requested", "verify")
		f.wantAlive(t, "the session", g, true)
		_, err = f.Login(f.ctx, visitor, Account{Username: "alice@example.com", Password: goodPassword}, "")
		wantCode(t, "login with the old address", err, CodeInvalidCredentials)
		_, err = f.Login(f.ctx, visitor, Account{Username: "new@MÜNCHEN.example", Password: goodPassword}, "")
		wantCode(t, "login with the new address", err, "")
		wantCode(t, "resend", f.ResendVerification(f.ctx, visitor, f.who(t, g), ""), CodeInvalidEmail)
	})
}

func TestAnAddressOfAnotherIsNotTold(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		user, err := f.Register(f.ctx, visitor, Account{Username: "mallory", Password: goodPassword, Email: "ALICE@example.com"})
		if err != nil || user.User.EmailVerified() {
			t.Errorf("register: got %+v, %v", user, err)
		}
		g := f.signIn(t, "mallory")
		if err := f.ChangeEmail(f.ctx, visitor, f.who(t, g), "alice@example.com", goodPassword, ""); err != nil {
			t.Error(err)
		}
		f.wantMails(t, "alice@example.com", "address_in_use", "address_in_use", "verify")
		_, err = f.Login(f.ctx, visitor, Account{Username: "alice@example.com", Password: goodPassword}, "")
		wantCode(t, "login of the owner", err, "")
	})
}

func TestAnAddressThatIsVerifiedMeanwhileIsTaken(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		for _, name := range []string{"alice", "bob"} {
			f.register(t, name)
			f.advance(time.Second) // so that the newest link is that of this user
			if err := f.ChangeEmail(f.ctx, visitor, f.who(t, f.signIn(t, name)), "shared@example.com", goodPassword, ""); err != nil {
				t.Fatal(err)
			}
			defer func(token string) {
				_, err := f.VerifyEmail(f.ctx, visitor, token)
				want := CodeEmailTaken
				if name == "bob" { // the last is the first
					want = ""
				}
				wantCode(t, name, err, want)
			}(f.token(t, store.MailVerify, "shared@example.com"))
		}
	})
}

func TestAChangeOfAddressIsRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { mailing(c); c.Mail.MaxPerUser = 2 }, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		g := f.signIn(t, "alice")
		who := f.who(t, g)
		wantCode(t, "no address", f.ChangeEmail(f.ctx, visitor, who, "alice", goodPassword, ""), CodeInvalidEmail)
		wantCode(t, "a wrong password", f.ChangeEmail(f.ctx, visitor, who, "a@b.c", nextPassword, ""), CodeInvalidCredentials)
		wantCode(t, "nothing to verify", f.ResendVerification(f.ctx, visitor, who, ""), CodeInvalidEmail)
		for range 2 {
			wantCode(t, "change", f.ChangeEmail(f.ctx, visitor, who, "a@b.c", goodPassword, ""), "")
		}
		err := f.ChangeEmail(f.ctx, visitor, who, "a@b.c", goodPassword, "")
		wantCode(t, "over the limit", err, CodeRateLimited)
		if e, _ := err.(*Error); e == nil || e.RetryAfter != time.Hour {
			t.Errorf("got %+v, want to be told when to come again", err)
		}
		wantCode(t, "resend over the limit", f.ResendVerification(f.ctx, visitor, who, ""), CodeRateLimited)
		_, err = f.VerifyEmail(f.ctx, visitor, strings.Repeat("a", mailTokenLength))
		wantCode(t, "an unknown token", err, CodeInvalidLink)
		token := f.token(t, store.MailVerify, "a@b.c")
		f.advance(VerifyLife)
		_, err = f.VerifyEmail(f.ctx, visitor, token)
		wantCode(t, "an expired token", err, CodeInvalidLink)
	})
}

func TestNothingIsMailedWhileEmailIsOff(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		_, err := f.Register(f.ctx, visitor, Account{Username: "alice", Password: goodPassword, Email: "a@b.c"})
		wantCode(t, "register with an address", err, CodeEmailOff)
		user := f.register(t, "alice@home") // as before
		if user.Email != "" {
			t.Errorf("got %+v", user)
		}
		g := f.signIn(t, "alice@home")
		wantCode(t, "change", f.ChangeEmail(f.ctx, visitor, f.who(t, g), "a@b.c", goodPassword, ""), CodeEmailOff)
		wantCode(t, "resend", f.ResendVerification(f.ctx, visitor, f.who(t, g), ""), CodeEmailOff)
		_, err = f.VerifyEmail(f.ctx, visitor, strings.Repeat("a", mailTokenLength))
		wantCode(t, "verify", err, CodeEmailOff)
		if _, err := f.SetUserEmail(f.ctx, visitor, "alice@home", "a@b.c", true); err != nil {
			t.Fatal(err)
		}
		if _, err := f.ChangePassword(f.ctx, visitor, f.who(t, g), []string{g.RefreshToken}, goodPassword, nextPassword); err != nil {
			t.Fatal(err)
		}
		if err := f.DeleteAccount(f.ctx, visitor, f.who(t, g), nextPassword); err != nil {
			t.Fatal(err)
		}
		f.wantMails(t, "a@b.c")
	})
}

func TestAUsernameWithAnAtIsTheAddressOfTheAccount(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		for _, in := range []Account{
			{Username: "alice@home", Password: goodPassword},
			{Username: "alice@example.com", Email: "other@example.com", Password: goodPassword},
		} {
			_, err := f.Register(f.ctx, visitor, in)
			wantCode(t, in.Username, err, CodeInvalidUsername)
		}
		for _, in := range []Account{
			{Username: "alice@example.com", Password: goodPassword},
			{Username: "Bob@example.com", Email: "bob@Example.com", Password: goodPassword},
		} {
			r, err := f.Register(f.ctx, visitor, in)
			if err != nil || !strings.EqualFold(r.User.Email, in.Username) {
				t.Errorf("%s: got %+v, %v", in.Username, r.User, err)
			}
			f.wantMails(t, r.User.Email, "verify")
			_, err = f.Login(f.ctx, visitor, Account{Username: in.Username, Password: goodPassword}, "")
			wantCode(t, "login before it is verified", err, "")
		}
	})
}

func TestAnAddressIsRequiredOfStrangersOnly(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { mailing(c); c.Mail.Mode = EmailRequired }, func(t *testing.T, f *fixture) {
		_, err := f.Register(f.ctx, visitor, Account{Username: "alice", Password: goodPassword})
		wantCode(t, "register", err, CodeInvalidEmail)
		_, err = f.Register(f.ctx, visitor, Account{Username: "alice", Password: goodPassword, Email: "a@b"})
		wantCode(t, "register with a wrong one", err, CodeInvalidEmail)
		_, err = f.Register(f.ctx, visitor, Account{Username: "alice@example.com", Password: goodPassword})
		wantCode(t, "register with an address as name", err, "")
		_, err = f.CreateUser(f.ctx, visitor, NewAccount{Account: Account{Username: "bob", Password: goodPassword}})
		wantCode(t, "create", err, "")
	})
}
