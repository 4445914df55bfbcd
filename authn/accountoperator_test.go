package authn

import (
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

func TestAnOperatorAddsAccountsWithAddressesThatAreVouchedForOrNot(t *testing.T) {
	t.Parallel()
	onBoth(t, mailOn, func(t *testing.T, f *fixture) {
		off := newFixture(t, f.store, nil)
		f.verified(t, "alice")
		account := func(name, email string) Account {
			return Account{Username: name, Password: goodPassword, Email: email}
		}
		for _, tt := range []struct {
			what     string
			f        *fixture
			in       NewAccount
			want     Code
			verified bool
			mails    int
		}{
			{"no address", f, NewAccount{Account: account("one", ""), Verified: true}, "", false, 0},
			{"an address", f, NewAccount{Account: account("two", "two@example.com")}, "", false, 1},
			{"one that is vouched for", f, NewAccount{Account: account("three", "three@example.com"), Verified: true}, "", true, 0},
			{"a taken one that is vouched for", f, NewAccount{Account: account("four", "Alice@example.com"), Verified: true}, CodeEmailTaken, false, 0},
			{"a taken one", f, NewAccount{Account: account("five", "Alice@example.com")}, "", false, 0},
			{"a bad one", f, NewAccount{Account: account("six", "six@")}, CodeInvalidEmail, false, 0},
			{"an address while e-mail is off", off, NewAccount{Account: account("seven", "seven@example.com")}, "", false, 0},
			{"a vouched one while e-mail is off", off, NewAccount{Account: account("eight", "eight@example.com"), Verified: true}, "", true, 0},
			{"another address as username", f, NewAccount{Account: account("nine@example.com", "other@example.com")}, CodeInvalidUsername, false, 0},
			{"another address as username, off", off, NewAccount{Account: account("ten@example.com", "other@example.com")}, "", false, 0},
		} {
			tt.f.clock.Store(f.clock.Load())
			r, err := tt.f.CreateUser(f.ctx, operator, tt.in)
			wantCode(t, tt.what, err, tt.want)
			if r.User.EmailVerified() != tt.verified {
				t.Errorf("%s: got %+v", tt.what, r.User)
			}
			f.wantMail(t, tt.what, tt.in.Email, map[store.MailKind]int{store.MailVerify: tt.mails})
			f.advance(time.Microsecond)
		}
		if n := f.mailed(t, "alice@example.com")[store.MailAddressInUse]; n != 1 {
			t.Errorf("the owner was told %d times, want once", n)
		}
		f.wantLogin(t, "an address that is vouched for", "three@example.com", goodPassword, "")
	})
}

func TestAnOperatorSetsAnAddress(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { mailOn(c); c.Mail.MaxPerUser = 1 }, func(t *testing.T, f *fixture) {
		alice := f.verified(t, "alice")
		f.verified(t, "bob")
		f.advance(mailWindow + time.Microsecond)
		g := f.signIn(t, "alice")
		wantCode(t, "forgot", f.ForgotPassword(f.ctx, visitor, "alice", ""), "")
		reset := f.link(t, store.MailReset)
		_, err := f.SetUserEmail(f.ctx, operator, "nobody", "x@example.com", false)
		wantCode(t, "nobody", err, CodeUserNotFound)
		_, err = f.SetUserEmail(f.ctx, operator, "alice", "x", false)
		wantCode(t, "no address", err, CodeInvalidEmail)
		_, err = f.SetUserEmail(f.ctx, operator, "alice", "Bob@example.com", true)
		wantCode(t, "a taken one", err, CodeEmailTaken)
		_, err = f.ResetPassword(f.ctx, visitor, reset, "short")
		wantCode(t, "the link after refusals", err, CodeWeakPassword)

		u, err := f.SetUserEmail(f.ctx, operator, alice.ID.String(), "New@example.com", true)
		if err != nil || u.Email != "New@example.com" || !u.EmailVerified() {
			t.Errorf("got %+v, %v", u, err)
		}
		if m := f.newest(t, store.MailEmailChanged); m.Recipient != "alice@example.com" || m.Detail != "New@example.com" {
			t.Errorf("got %+v", m)
		}
		_, err = f.ResetPassword(f.ctx, visitor, reset, nextPassword)
		wantCode(t, "the link of before", err, CodeInvalidLink)
		f.wantMail(t, "an address that is vouched for", "New@example.com", nil)
		if !f.alive(t, g) {
			t.Error("the session is dead")
		}

		u, err = f.SetUserEmail(f.ctx, operator, "alice", "next@example.com", false)
		if err != nil || u.Email != "next@example.com" || u.EmailVerified() {
			t.Errorf("got %+v, %v", u, err)
		}
		_, err = f.VerifyEmail(f.ctx, visitor, f.link(t, store.MailVerify)) // no limit applies
		wantCode(t, "verify", err, "")
		u, err = f.SetUserEmail(f.ctx, operator, "next@example.com", "", true)
		if err != nil || u.ID != alice.ID || u.Email != "" || u.EmailVerified() {
			t.Errorf("removed: got %+v, %v", u, err)
		}
		if n := f.mailed(t, "next@example.com")[store.MailEmailChanged]; n != 1 {
			t.Errorf("the removed address got %d notices, want 1", n)
		}
		if e := f.trail(t, store.ActionEmailSet); len(e) != 3 || e[0].Actor != operator.Name || e[0].UserID != alice.ID {
			t.Errorf("got %+v", e)
		}

		if _, err := f.DisableUser(f.ctx, operator, "alice"); err != nil {
			t.Fatal(err)
		}
		_, err = f.SetUserEmail(f.ctx, operator, "alice", "off@example.com", false)
		wantCode(t, "a disabled user", err, "")
		f.wantMail(t, "a disabled user", "off@example.com", nil)
	})
}

func TestARenamedUserSignsInUnderTheNewName(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { mailOn(c); c.NameQuarantine = time.Hour }, func(t *testing.T, f *fixture) {
		alice := f.verified(t, "alice")
		f.register(t, "bob")
		g := f.signIn(t, "alice")
		wantCode(t, "forgot", f.ForgotPassword(f.ctx, visitor, "alice", ""), "")
		reset := f.link(t, store.MailReset)
		for name, want := range map[string]Code{
			"BOB": CodeUsernameTaken, "a b": CodeInvalidUsername, "": CodeInvalidUsername, strings.Repeat("x", 300): CodeInvalidUsername,
			"carol@example.com": CodeInvalidUsername, "alice@": CodeInvalidUsername,
		} {
			_, err := f.RenameUser(f.ctx, operator, "alice", name)
			wantCode(t, name, err, want)
		}
		_, err := f.RenameUser(f.ctx, operator, "nobody", "carol")
		wantCode(t, "nobody", err, CodeUserNotFound)
		if !f.alive(t, g) {
			t.Error("a refused name ends the session")
		}
		g = f.signIn(t, "alice")
		u, err := f.RenameUser(f.ctx, operator, "alice", "Admin")
		if err != nil || u.ID != alice.ID || u.Username != "Admin" || u.Email != "alice@example.com" || !u.EmailVerified() {
			t.Fatalf("a reserved name: got %+v, %v", u, err)
		}
		if f.alive(t, g) {
			t.Error("the session outlives the name in its tokens")
		}
		_, err = f.ResetPassword(f.ctx, visitor, reset, nextPassword)
		wantCode(t, "a link of before", err, CodeInvalidLink)
		f.wantLogin(t, "the old name", "alice", goodPassword, CodeInvalidCredentials)
		f.wantLogin(t, "the new name", "ADMIN", goodPassword, "")
		f.wantLogin(t, "the address", "alice@example.com", goodPassword, "")
		_, err = f.Register(f.ctx, visitor, Account{Username: "alice", Password: goodPassword})
		wantCode(t, "a stranger takes the old name", err, CodeUsernameTaken)
		u, err = f.RenameUser(f.ctx, operator, "admin", "ALICE@example.com")
		if err != nil || u.Username != "ALICE@example.com" {
			t.Errorf("the own address: got %+v, %v", u, err)
		}
		u, err = f.RenameUser(f.ctx, operator, "bob", "alice")
		if err != nil || u.Username != "alice" {
			t.Errorf("an operator gives the old name away: got %+v, %v", u, err)
		}
		_, err = f.RenameUser(f.ctx, operator, "alice", "bob@example.com")
		wantCode(t, "an address of a user who has none", err, CodeInvalidUsername)
	})
}
