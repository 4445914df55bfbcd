package authn

import (
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

const thirdPassword = "a slow climb up the hill"

// mailingAndLimited mails without limits, and limits failed sign-ins.
func mailingAndLimited(c *Config) {
	mailOn(c)
	limited(c)
}

// unverified registers a user with an address.
func (f *fixture) unverified(t testing.TB, name, address string) store.User {
	t.Helper()
	r, err := f.Register(f.ctx, visitor, Account{Username: name, Password: goodPassword, Email: address})
	if err != nil {
		t.Fatal(err)
	}
	return r.User
}

// link returns the token of the newest mail of a kind. Mails of one instant have no order.
func (f *fixture) link(t testing.TB, kind store.MailKind) string {
	t.Helper()
	m := f.newest(t, kind)
	token, err := f.MailToken(m)
	if err != nil {
		t.Fatal(err)
	}
	f.advance(time.Microsecond)
	return token
}

// newest returns the newest mail of a kind.
func (f *fixture) newest(t testing.TB, kind store.MailKind) store.Mail {
	t.Helper()
	for _, m := range f.outbox(t) {
		if m.Kind == kind {
			return m
		}
	}
	t.Fatalf("there is no mail of the kind %s", kind)
	return store.Mail{}
}

// outbox returns all mails, newest first.
func (f *fixture) outbox(t testing.TB) []store.Mail {
	t.Helper()
	mails, _, err := f.store.Mails(f.ctx, store.MailPage{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return mails
}

// mailed returns the kinds of mail to an address.
func (f *fixture) mailed(t testing.TB, address string) map[store.MailKind]int {
	t.Helper()
	kinds := map[store.MailKind]int{}
	for _, m := range f.outbox(t) {
		if m.Recipient == address {
			kinds[m.Kind]++
		}
	}
	return kinds
}

// wantMail fails the test unless these mails, and no others, went to an address.
func (f *fixture) wantMail(t testing.TB, what, address string, want map[store.MailKind]int) {
	t.Helper()
	got := f.mailed(t, address)
	for _, kind := range store.MailKinds() {
		if got[kind] != want[kind] {
			t.Errorf("%s: %s got %d mails of the kind %s, want %d", what, address, got[kind], kind, want[kind])
		}
	}
}

// wantLogin fails the test unless a sign-in with a password has this result.
func (f *fixture) wantLogin(t testing.TB, what, name, password string, want Code) {
	t.Helper()
	_, err := f.Login(f.ctx, visitor, Account{Username: name, Password: password}, "")
	wantCode(t, what, err, want)
}

// alive reports whether a session can be refreshed and its access token is good. It rotates the
// refresh token.
func (f *fixture) alive(t testing.TB, g Grant) bool {
	t.Helper()
	_, refused := f.Refresh(f.ctx, visitor, g.RefreshToken)
	_, denied := f.Profile(f.ctx, g.AccessToken)
	if (refused == nil) != (denied == nil) {
		t.Errorf("the refresh token: %v; the access token: %v", refused, denied)
	}
	return refused == nil
}

// trail returns the events of an action, newest first.
func (f *fixture) trail(t testing.TB, action store.Action) []store.RecordedEvent {
	t.Helper()
	events, _, err := f.store.Events(f.ctx, store.EventPage{Actions: []store.Action{action}, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// failures returns the consecutive failures of a user, and the max of the user's counters.
func (f *fixture) failures(t testing.TB, name string) (consecutive, counted int) {
	t.Helper()
	u, err := f.User(f.ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	counters, err := f.Attempts(f.ctx, store.AttemptsPage{UserID: u.ID, After: -1, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counters {
		counted = max(counted, c.Failures)
	}
	return u.FailedLogins, counted
}
