package authn

import (
	"slices"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

const nextPassword = "another walk by the sea"

// mailing turns e-mail on. Nothing sends the mail; tests read the outbox.
func mailing(c *Config) {
	c.Mail = MailRules{Mode: EmailOptional, Domain: "auth.example", Notices: Notices()}
	c.Accounts = AccountLimits{Free: 3, MaxDelay: time.Minute, FreeAnywhere: 9, MaxAnywhere: time.Minute}
}

// mails returns the kinds of the mails to an address, sorted.
func (f *fixture) mails(t testing.TB, to string) (kinds []string) {
	t.Helper()
	all, _, err := f.store.Mails(f.ctx, store.MailPage{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.Recipient == to {
			kinds = append(kinds, string(m.Kind))
		}
	}
	slices.Sort(kinds)
	return kinds
}

// token returns the token of the newest link of a kind to an address.
func (f *fixture) token(t testing.TB, kind store.MailKind, to string) string {
	t.Helper()
	all, _, err := f.store.Mails(f.ctx, store.MailPage{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.Kind == kind && m.Recipient == to {
			token, err := f.MailToken(m)
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
	}
	t.Fatalf("no %s was mailed to %s, only %v", kind, to, all)
	return ""
}

// wantMails fails the test unless exactly mails of these kinds went to an address.
func (f *fixture) wantMails(t testing.TB, to string, want ...string) {
	t.Helper()
	if got := f.mails(t, to); !slices.Equal(got, want) {
		t.Errorf("to %s: got %v, want %v", to, got, want)
	}
}

// verified registers a user with a verified address, name@example.com.
func (f *fixture) verified(t testing.TB, name string) store.User {
	t.Helper()
	email := name + "@example.com"
	if _, err := f.Register(f.ctx, visitor, Account{Username: name, Password: goodPassword, Email: email, Locale: "de-CH,de"}); err != nil {
		t.Fatal(err)
	}
	v, err := f.VerifyEmail(f.ctx, visitor, f.token(t, store.MailVerify, email))
	if err != nil || v.Outcome != store.Verified {
		t.Fatalf("got %+v, %v", v, err)
	}
	return v.User
}

// who returns the identity of a grant.
func (f *fixture) who(t testing.TB, g Grant) Identity {
	t.Helper()
	if err := f.Cluster.Sync(f.ctx); err != nil {
		t.Fatal(err)
	}
	who, err := f.Verify(g.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

// wantAlive fails the test unless the tokens of a session are good, or not.
func (f *fixture) wantAlive(t testing.TB, what string, g Grant, want bool) {
	t.Helper()
	_, err := f.Profile(f.ctx, g.AccessToken)
	if alive := err == nil; alive != want {
		t.Errorf("%s: the access token is good: %v (%v), want %v", what, alive, err, want)
	}
}
