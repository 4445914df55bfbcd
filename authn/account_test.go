package authn

import (
	"testing"

	"github.com/authctl/authctl/store"
)

func TestAnAccountIsDeletedByItsOwner(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		g, other := f.signIn(t, "alice"), f.signIn(t, "alice")
		wantCode(t, "with a wrong password", f.DeleteAccount(f.ctx, visitor, f.who(t, g), nextPassword), CodeInvalidCredentials)
		who := f.who(t, g)
		wantCode(t, "with the right one", f.DeleteAccount(f.ctx, visitor, who, goodPassword), "")
		f.wantAlive(t, "the session", g, false)
		f.wantAlive(t, "the other session", other, false)
		_, err := f.User(f.ctx, "alice")
		wantCode(t, "the user", err, CodeUserNotFound)
		wantCode(t, "a second time", f.DeleteAccount(f.ctx, visitor, who, goodPassword), CodeSessionRevoked)
		f.wantMails(t, "alice@example.com", "account_deleted")
		user := f.register(t, "alice")
		wantCode(t, "the next user of the name", f.DeleteAccount(f.ctx, visitor, who, goodPassword), CodeSessionRevoked)
		if _, err := f.User(f.ctx, user.ID.String()); err != nil {
			t.Error(err)
		}
		events, _, err := f.store.Events(f.ctx, store.EventPage{UserID: g.User.ID, Limit: 100})
		if err != nil || events[0].Action != store.ActionUserDeleted || events[0].Actor != "user:"+g.User.ID.String() {
			t.Errorf("got %+v, %v", events, err)
		}
	})
}

func TestAnOperatorSetsAddresses(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		r, err := f.CreateUser(f.ctx, visitor, NewAccount{Account: Account{Username: "bob", Email: "bob@example.com"}, NoPassword: true, Verified: true})
		if err != nil || !r.User.EmailVerified() {
			t.Fatalf("got %+v, %v", r, err)
		}
		f.wantMails(t, "bob@example.com")
		_, err = f.Login(f.ctx, visitor, Account{Username: "bob", Password: ""}, "")
		wantCode(t, "login without a password", err, CodeInvalidCredentials)
		f.forgot(t, "bob@example.com")
		_, err = f.ResetPassword(f.ctx, visitor, f.token(t, store.MailReset, "bob@example.com"), nextPassword)
		wantCode(t, "the first password by a link", err, "")
		if user, err := f.User(f.ctx, "BOB@example.com"); err != nil || user.ID != r.User.ID {
			t.Errorf("by address: got %+v, %v", user, err)
		}
		_, err = f.CreateUser(f.ctx, visitor, NewAccount{Account: Account{Username: "carl", Password: goodPassword, Email: "bob@example.com"}, Verified: true})
		wantCode(t, "create with a taken address", err, CodeEmailTaken)
		_, err = f.SetUserEmail(f.ctx, visitor, "alice", "bob@example.com", true)
		wantCode(t, "a taken address", err, CodeEmailTaken)
		_, err = f.SetUserEmail(f.ctx, visitor, "alice", "a@b", true)
		wantCode(t, "no address", err, CodeInvalidEmail)
		_, err = f.SetUserEmail(f.ctx, visitor, "nobody", "a@b.c", true)
		wantCode(t, "of nobody", err, CodeUserNotFound)
		user, err := f.SetUserEmail(f.ctx, visitor, "alice", "new@example.com", false)
		if err != nil || user.Email != "new@example.com" || user.EmailVerified() {
			t.Errorf("got %+v, %v", user, err)
		}
		f.wantMails(t, "alice@example.com", "email_changed", "verify")
		_, err = f.VerifyEmail(f.ctx, visitor, f.token(t, store.MailVerify, "new@example.com"))
		wantCode(t, "verify", err, "")
		if user, err = f.SetUserEmail(f.ctx, visitor, "alice", "", false); err != nil || user.Email != "" {
			t.Errorf("got %+v, %v", user, err)
		}
	})
}

func TestARenamedUserSignsInAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		f.register(t, "bob")
		g := f.signIn(t, "alice")
		for name, want := range map[string]Code{"bob": CodeUsernameTaken, "a b": CodeInvalidUsername, "alice@home": CodeInvalidUsername, "alice@example.org": CodeInvalidUsername} {
			_, err := f.RenameUser(f.ctx, visitor, "alice", name)
			wantCode(t, name, err, want)
		}
		_, err := f.RenameUser(f.ctx, visitor, "nobody", "carl")
		wantCode(t, "nobody", err, CodeUserNotFound)
		f.wantAlive(t, "the session", g, true)
		user, err := f.RenameUser(f.ctx, visitor, "alice", "Alicia")
		if err != nil || user.Username != "Alicia" || user.Folded != "alicia" {
			t.Errorf("got %+v, %v", user, err)
		}
		f.wantAlive(t, "the session with the old name", g, false)
		f.signIn(t, "alicia")
		_, err = f.Login(f.ctx, visitor, Account{Username: "alice", Password: goodPassword}, "")
		wantCode(t, "login with the old name", err, CodeInvalidCredentials)
		if user, err = f.RenameUser(f.ctx, visitor, "alicia", "Alice@example.com"); err != nil {
			t.Errorf("to the own address: %v", err)
		}
	})
}

func TestTheOwnerHearsOfWhatHappens(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { mailing(c); c.Accounts.DisableAfter = 3 }, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		elsewhere := Actor{Name: "anonymous", RemoteAddr: "198.51.100.9", UserAgent: "phone/1"}
		f.signIn(t, "alice")
		f.wantMails(t, "alice@example.com", "verify") // the first place is none that is new
		if _, err := f.Login(f.ctx, elsewhere, Account{Username: "alice", Password: goodPassword}, ""); err != nil {
			t.Fatal(err)
		}
		f.wantMails(t, "alice@example.com", "new_place", "verify")
		f.signIn(t, "alice")
		if _, err := f.SetPassword(f.ctx, visitor, "alice", nextPassword); err != nil {
			t.Fatal(err)
		}
		f.wantMails(t, "alice@example.com", "new_place", "password_changed", "verify")
	})
}

func TestANoticeThatIsNotWantedIsNotSent(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { mailing(c); c.Mail.Notices = nil }, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		if _, err := f.SetPassword(f.ctx, visitor, "alice", nextPassword); err != nil {
			t.Fatal(err)
		}
		f.wantMails(t, "alice@example.com", "verify")
		if _, err := f.DeleteUser(f.ctx, visitor, "alice"); err != nil {
			t.Fatal(err)
		}
		f.wantMails(t, "alice@example.com")
	})
}
