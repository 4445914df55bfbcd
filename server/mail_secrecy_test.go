package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// TestNoAnswerTellsWhetherThereIsAnAccountOrAnAddress compares answers and statements.
func TestNoAnswerTellsWhetherThereIsAnAccountOrAnAddress(t *testing.T) {
	t.Parallel()
	sent := &statements{}
	st, err := postgres.Open(t.Context(), postgres.Config{URL: storetest.Postgres(t), MaxConnections: 1, Tracer: sent})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	f := start(t, mailing, func(s *setup) {
		s.store = st
		s.authn.Mail.MaxPerUser, s.authn.Mail.MaxPerRecipient = 3, 5
	})
	f.withEmail("alice", "alice@example.com")
	f.withEmail("carol", "carol@example.com")
	f.signedIn("plain")
	f.signedIn("disabled")
	if _, err := f.svc.DisableUser(t.Context(), authn.Actor{Name: "cli:tester"}, "disabled"); err != nil {
		t.Fatal(err)
	}
	f.send(request{method: "POST", path: "/register", body: fields("username", "pending", "password", password, "email", "pending@example.com")}).want(t, http.StatusCreated)
	seen := func(r request) (string, []string) {
		t.Helper()
		r.method, r.header = "POST", map[string]string{"X-Request-Id": "the-same"}
		sent.take()
		a := f.send(r)
		a.header.Del("Date")
		return a.String(), sent.take()
	}
	answer, statements := seen(request{path: "/password/forgot", body: fields("identifier", "nobody")})
	if len(statements) < 3 {
		t.Fatalf("the tracer saw %q", statements)
	}
	for _, identifier := range []string{
		"alice", "alice@example.com", "nobody@example.com", "plain", "disabled", "pending", "pending@example.com", "not a name", "", strings.Repeat("x", 5000),
		"alice", "alice", "alice", "alice@example.com", "a@[127.0.0.1]",
	} {
		gotAnswer, gotStatements := seen(request{path: "/password/forgot", body: fields("identifier", identifier)})
		if gotAnswer != answer || !slices.Equal(gotStatements, statements) {
			t.Errorf("%.40q: got %s after %d statements, for nobody %s after %d:\n%s\n\n%s", identifier, gotAnswer, len(gotStatements), answer, len(statements),
				strings.Join(gotStatements, "\n"), strings.Join(statements, "\n"))
		}
	}
	register := func(name, email string) (string, []string) {
		got, statements := seen(request{path: "/register", body: fields("username", name, "password", password, "email", email)})
		if !strings.HasPrefix(got, "201 ") {
			t.Errorf("%s: got %s", email, got)
		}
		return got[:strings.Index(got, `{"id"`)], statements // the id differs
	}
	answer, statements = register("first1", "free@example.com")
	for i, email := range []string{"alice@example.com", "pending@example.com", "alice@example.com", "ALICE@example.com", "alice@example.com", "alice@example.com"} {
		gotAnswer, gotStatements := register(fmt.Sprint("other", i), email)
		if gotAnswer != answer || !slices.Equal(gotStatements, statements) {
			t.Errorf("%s: got %s after %d statements, for a free one %s after %d:\n%s\n\n%s", email, gotAnswer, len(gotStatements), answer, len(statements),
				strings.Join(gotStatements, "\n"), strings.Join(statements, "\n"))
		}
	}
}

// TestLimitsOfMailTellNothingOfAnAccount: over a limit of the account or the address, a stranger gets
// the same answer, and nothing is mailed. Only the owner, and everybody at once, are told.
func TestLimitsOfMailTellNothingOfAnAccount(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start(mailing, func(s *setup) {
			s.authn.Mail.MaxPerUser, s.authn.Mail.MaxPerRecipient, s.authn.Mail.MaxPerHour = 3, 5, 15
		})
		b := f.withEmail("alice", "alice@example.com") // one mail
		for range 6 {
			f.clock.advance(time.Second)
			f.send(request{method: "POST", path: "/password/forgot", body: fields("identifier", "alice")}).want(t, http.StatusAccepted)
		}
		if got := f.mailed("alice@example.com"); len(got) != 3 {
			t.Errorf("alice was mailed %v, want 3 mails", got)
		}
		a := b.post("/email/change", fields("email", "new@example.com", "current_password", password)).want(t, http.StatusTooManyRequests, authn.CodeRateLimited)
		if a.header.Get("Retry-After") == "" || len(setCookies(a)) > 0 {
			t.Errorf("got %s", a)
		}
		for i := range 8 {
			f.clock.advance(time.Second)
			f.send(request{method: "POST", path: "/register", body: fields("username", fmt.Sprint("mallory", i), "password", password, "email", "victim@example.com")}).want(t, http.StatusCreated)
		}
		if got := f.mailed("victim@example.com"); len(got) != 5 {
			t.Errorf("the victim was mailed %v, want 5 mails", got)
		}
		f.clock.advance(61 * time.Minute)
		b.post("/login", account("alice", password)).want(t, http.StatusOK)
		b.post("/email/change", fields("email", "new@example.com", "current_password", password)).want(t, http.StatusAccepted)
		b.post("/email/resend", "").want(t, http.StatusAccepted)
		b.post("/email/resend", "").want(t, http.StatusAccepted)
		b.post("/email/resend", "").want(t, http.StatusTooManyRequests, authn.CodeRateLimited)
		for i := range 15 {
			f.send(request{method: "POST", path: "/register", body: fields("username", fmt.Sprint("other", i), "password", password, "email", fmt.Sprintf("other%d@example.com", i))}).want(t, http.StatusCreated)
		}
		for _, identifier := range []string{"alice", "nobody", "nobody@example.com"} {
			f.send(request{method: "POST", path: "/password/forgot", body: fields("identifier", identifier)}).want(t, http.StatusTooManyRequests, authn.CodeRateLimited)
		}
	})
}
