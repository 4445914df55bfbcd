package authn

import (
	"testing"

	"github.com/authctl/authctl/store"
)

func TestAVerifiedAddressSignsIn(t *testing.T) {
	t.Parallel()
	onBoth(t, mailingAndLimited, func(t *testing.T, f *fixture) {
		alice := f.verified(t, "alice")
		f.unverified(t, "bob", "bob@example.com")
		g, err := f.Login(f.ctx, visitor, Account{Username: " ALICE@example.com ", Password: goodPassword}, "")
		if err != nil || g.User.ID != alice.ID || f.who(t, g).Username() != "alice" {
			t.Errorf("got %+v, %v", g, err)
		}
		f.wantLogin(t, "an unverified address", "bob@example.com", goodPassword, CodeInvalidCredentials)
		f.wantLogin(t, "nobody's address", "nobody@example.com", goodPassword, CodeInvalidCredentials)
		f.wantLogin(t, "the name with an @", "alice@", goodPassword, CodeInvalidCredentials)
		for i := range 5 { // both identifiers are one account
			name := []string{"alice", "alice@example.com"}[i%2]
			wantCode(t, name, f.guess(name, "198.51.100.1"), CodeInvalidCredentials)
		}
		for _, name := range []string{"alice", "alice@example.com"} {
			wantCode(t, name, f.guess(name, "198.51.100.1"), CodeRateLimited)
		}
	})
}

// TestAUsernameAndAnAddressThatAreEqualSignInTheirOwners: the username was registered while e-mail
// was off.
func TestAUsernameAndAnAddressThatAreEqualSignInTheirOwners(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, off *fixture) {
		squatter := off.register(t, "alice@example.com")
		f := newFixture(t, off.store, mailOn)
		g := f.signIn(t, "alice@example.com")
		if g.User.ID != squatter.ID {
			t.Errorf("while nobody has the address: got %+v", g.User)
		}
		alice := f.verified(t, "alice")
		if _, err := f.SetPassword(f.ctx, visitor, alice.ID.String(), nextPassword); err != nil {
			t.Fatal(err)
		}
		if g = f.signIn(t, "alice@example.com"); g.User.ID != squatter.ID {
			t.Errorf("got %+v, want the owner of the username", g.User)
		}
		g, err := f.Login(f.ctx, visitor, Account{Username: "alice@example.com", Password: nextPassword}, "")
		if err != nil || g.User.ID != alice.ID {
			t.Errorf("got %+v, %v, want the owner of the address", g.User, err)
		}
		if g = off.signIn(t, "alice@example.com"); g.User.ID != squatter.ID {
			t.Errorf("with e-mail off: got %+v, want the username", g.User)
		}
		wantCode(t, "forgot", f.ForgotPassword(f.ctx, visitor, "alice@example.com", ""), "")
		if m := f.newest(t, store.MailReset); m.UserID != alice.ID {
			t.Errorf("the reset is for %s", m.Username)
		}
	})
}

func TestRegisterTakesAnAddressAsTheSettingsSay(t *testing.T) {
	t.Parallel()
	onBoth(t, mailOn, func(t *testing.T, f *fixture) {
		required := newFixture(t, f.store, func(c *Config) { mailOn(c); c.Mail.Mode = EmailRequired })
		off := newFixture(t, f.store, nil)
		for _, tt := range []struct {
			what            string
			f               *fixture
			username, email string
			want            Code
			address         string
		}{
			{"none, optional", f, "one", "", "", ""},
			{"one, optional", f, "two", "Two@Example.com", "", "Two@example.com"},
			{"a bad one", f, "three", "three", CodeInvalidEmail, ""},
			{"none, required", required, "four", "", CodeInvalidEmail, ""},
			{"one, required", required, "five", "five@example.com", "", "five@example.com"},
			{"one, off", off, "six", "six@example.com", CodeEmailOff, ""},
			{"a bad one, off", off, "six", "six", CodeEmailOff, ""},
			{"an address as username, off", off, "seven@example.com", "", "", ""},
			{"an address as username", f, "Eight@example.com", "", "", "Eight@example.com"},
			{"an address as username, required", required, "nine@example.com", "", "", "nine@example.com"},
			{"the address as username too", f, "ten@example.com", "TEN@example.com", "", "TEN@example.com"},
			{"another address as username", f, "eleven@example.com", "other@example.com", CodeInvalidUsername, ""},
			{"a username that only looks like one", f, "twelve@", "", CodeInvalidUsername, ""},
			{"a taken username", f, "one", "taken@example.com", CodeUsernameTaken, ""},
		} {
			tt.f.clock.Store(f.clock.Load())
			r, err := tt.f.Register(f.ctx, visitor, Account{Username: tt.username, Password: goodPassword, Email: tt.email, Locale: "pt-BR,pt"})
			wantCode(t, tt.what, err, tt.want)
			if r.User.Email != tt.address || r.User.EmailVerified() {
				t.Errorf("%s: got %+v", tt.what, r.User)
			}
			links := 0
			if tt.address != "" {
				links = 1
				if m := f.newest(t, store.MailVerify); m.Locale != "pt-BR,pt" || m.Username != tt.username {
					t.Errorf("%s: got %+v", tt.what, m)
				}
				f.link(t, store.MailVerify)
			}
			f.wantMail(t, tt.what, tt.address, map[store.MailKind]int{store.MailVerify: links})
		}
	})
}
