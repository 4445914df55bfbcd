package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// TestHostileMail is about links, and about what a stranger may learn or cause by asking for mail.
func TestHostileMail(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		for name, story := range map[string]func(*testing.T, *fixture){
			"a scanner uses nothing up":             scannersUseNothingUp,
			"a link of one kind for the other":      linksOfOneKind,
			"a link dies with what it was for":      linksDie,
			"64 resets by one link":                 parallelResets,
			"64 verifications by one link":          parallelVerifications,
			"a token that is none":                  tokensThatAreNone,
			"an address that is a header":           addressesThatAreHeaders,
			"a host that is not ours":               hostsInMails,
			"an address of somebody else":           addressesOfOthers,
			"a link does not tell who is signed in": linksTouchNoCookie,
			"a form of a page":                      formsOfPages,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				story(t, start(mailing))
			})
		}
	})
}

func scannersUseNothingUp(t *testing.T, f *fixture) {
	f.withEmail("alice", "alice@example.com")
	f.send(request{method: "POST", path: "/register", body: fields("username", "bob", "password", password, "email", "bob@example.com")}).want(t, http.StatusCreated)
	verify, reset := f.link(store.MailVerify, "bob@example.com"), f.forgotten("alice", "alice@example.com")
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT"} {
		for _, token := range []string{verify, reset} {
			for _, path := range []string{
				server.VerifyPagePath, server.ResetPagePath, "/email/verify", "/password/reset",
				server.VerifyPagePath + "?token=" + token, server.ResetPagePath + "?token=" + token,
				"/email/verify?token=" + token, "/password/reset?token=" + token + "&new_password=" + url.QueryEscape(thirdPassword),
			} {
				if a := f.send(request{method: method, path: path}); strings.Contains(a.String(), token) {
					t.Errorf("%s %s: the answer has the token", method, path)
				}
			}
		}
	}
	f.send(request{method: "POST", path: "/email/verify", body: fields("token", verify)}).want(t, http.StatusOK)
	f.send(request{method: "POST", path: "/password/reset", body: fields("token", reset, "new_password", newPassword)}).want(t, http.StatusOK)
}

func linksOfOneKind(t *testing.T, f *fixture) {
	f.withEmail("alice", "alice@example.com")
	f.send(request{method: "POST", path: "/register", body: fields("username", "bob", "password", password, "email", "bob@example.com")}).want(t, http.StatusCreated)
	verify, reset := f.link(store.MailVerify, "bob@example.com"), f.forgotten("alice", "alice@example.com")
	f.send(request{method: "POST", path: "/email/verify", body: fields("token", reset)}).want(t, http.StatusBadRequest, authn.CodeInvalidLink)
	f.send(request{method: "POST", path: "/password/reset", body: fields("token", verify, "new_password", newPassword)}).want(t, http.StatusBadRequest, authn.CodeInvalidLink)
	f.send(request{method: "POST", path: "/email/verify", body: fields("token", verify)}).want(t, http.StatusOK)
	f.send(request{method: "POST", path: "/password/reset", body: fields("token", reset, "new_password", newPassword)}).want(t, http.StatusOK)
}

func linksDie(t *testing.T, f *fixture) {
	operator := authn.Actor{Name: "cli:tester"}
	for i, tt := range []struct {
		name string
		kill func(name string, b *browser)
	}{
		{"a password change", func(_ string, b *browser) {
			b.post("/password/change", fields("current_password", password, "new_password", newPassword)).want(t, http.StatusOK)
		}},
		{"a reset by another link", func(name string, _ *browser) {
			f.clock.advance(time.Second)
			token := f.forgotten(name, name+"@example.com")
			f.send(request{method: "POST", path: "/password/reset", body: fields("token", token, "new_password", newPassword)}).want(t, http.StatusOK)
		}},
		{"another address", func(name string, b *browser) {
			b.post("/email/change", fields("email", "new-"+name+"@example.com", "current_password", password)).want(t, http.StatusAccepted)
			b.post("/email/verify", fields("token", f.link(store.MailVerify, "new-"+name+"@example.com"))).want(t, http.StatusOK)
		}},
		{"a disabled user", func(name string, _ *browser) {
			if _, err := f.svc.DisableUser(t.Context(), operator, name); err != nil {
				t.Fatal(err)
			}
		}},
		{"a revocation of everything", func(string, *browser) {
			if _, err := f.svc.EndSessions(t.Context(), operator, store.Everyone()); err != nil {
				t.Fatal(err)
			}
		}},
		{"an operator's new password", func(name string, _ *browser) {
			if _, err := f.svc.SetPassword(t.Context(), operator, name, newPassword); err != nil {
				t.Fatal(err)
			}
		}},
		{"a deleted user", func(_ string, b *browser) {
			b.send(request{method: "DELETE", path: "/profile", body: fields("current_password", password)}).want(t, http.StatusOK)
		}},
		{"half an hour", func(string, *browser) { f.clock.advance(authn.ResetLife) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := fmt.Sprint("user", i)
			b := f.withEmail(name, name+"@example.com")
			token := f.forgotten(name, name+"@example.com")
			tt.kill(name, b)
			f.send(request{method: "POST", path: "/password/reset", body: fields("token", token, "new_password", thirdPassword)}).
				want(t, http.StatusBadRequest, authn.CodeInvalidLink)
			f.login(name, thirdPassword).want(t, http.StatusUnauthorized)
		})
	}
}

// atOnce sends a request 64 times side by side, and counts the answers by status.
func (f *fixture) atOnce(r func(i int) request, each func(answer)) map[int]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	got, from := map[int]int{}, make(chan struct{})
	for i := range 64 {
		wg.Go(func() {
			<-from
			a := f.send(r(i))
			mu.Lock()
			defer mu.Unlock()
			got[a.status]++
			each(a)
		})
	}
	close(from)
	wg.Wait()
	return got
}

func parallelResets(t *testing.T, f *fixture) {
	b := f.withEmail("alice", "alice@example.com")
	token := f.forgotten("alice", "alice@example.com")
	var winner atomic.Int64
	got := f.atOnce(func(i int) request {
		return request{method: "POST", path: "/password/reset", body: fields("token", token, "new_password", fmt.Sprint(newPassword, " ", i)),
			header: map[string]string{"X-Request-Id": fmt.Sprint("reset-", i)}}
	}, func(a answer) {
		if a.status == http.StatusOK {
			var i int64
			fmt.Sscanf(a.header.Get("X-Request-Id"), "reset-%d", &i)
			winner.Store(i)
		} else if a.status == http.StatusBadRequest && a.code() != string(authn.CodeInvalidLink) {
			t.Errorf("got %s", a)
		}
	})
	// On a slow machine some get no answer of the database in time.
	if got[http.StatusOK] != 1 || got[http.StatusOK]+got[http.StatusBadRequest]+got[http.StatusServiceUnavailable] != 64 {
		t.Errorf("the answers are %v", got)
	}
	f.login("alice", fmt.Sprint(newPassword, " ", winner.Load())).want(t, http.StatusOK)
	b.post("/refresh", "").want(t, http.StatusUnauthorized)
}

func parallelVerifications(t *testing.T, f *fixture) {
	f.send(request{method: "POST", path: "/register", body: fields("username", "bob", "password", password, "email", "bob@example.com")}).want(t, http.StatusCreated)
	token := f.link(store.MailVerify, "bob@example.com")
	first := 0
	got := f.atOnce(func(int) request {
		return request{method: "POST", path: "/email/verify", body: fields("token", token)}
	}, func(a answer) {
		if strings.Contains(string(a.body), `"already_verified":false`) {
			first++
		}
	})
	if got[http.StatusOK]+got[http.StatusServiceUnavailable] != 64 || first != 1 { // a slow machine has no time for all
		t.Errorf("the answers are %v, %d of them the first", got, first)
	}
}

func tokensThatAreNone(t *testing.T, f *fixture) {
	f.withEmail("alice", "alice@example.com")
	good := f.forgotten("alice", "alice@example.com")
	for _, token := range []string{
		"", "x", strings.Repeat("a", 52), strings.ToUpper(good), good[:51], good + "a", good + " ", " " + good, "#token=" + good,
		good[:51] + "1", strings.Repeat("é", 26), "' OR 1=1 --", strings.Repeat("a", 5000),
	} {
		for path, body := range map[string]string{
			"/email/verify":   fields("token", token),
			"/password/reset": fields("token", token, "new_password", newPassword),
		} {
			f.send(request{method: "POST", path: path, body: body}).want(t, http.StatusBadRequest, authn.CodeInvalidLink)
		}
	}
	f.send(request{method: "POST", path: "/password/reset", body: fields("token", good, "new_password", "short")}).want(t, http.StatusUnprocessableEntity, authn.CodeWeakPassword)
	f.send(request{method: "POST", path: "/password/reset", body: fields("token", good, "new_password", newPassword)}).want(t, http.StatusOK)
}

func addressesThatAreHeaders(t *testing.T, f *fixture) {
	b := f.signedIn("alice")
	for i, email := range []string{
		"a@example.com\r\nBcc: b@example.com", "a@example.com\nBcc: b@example.com", "a\r\n@example.com", "a@example.com\x00",
		"a@example.com,b@example.com", "a@example.com;b@example.com", "<a@example.com>", "A <a@example.com>", "a@example.com (comment)",
		`"a b"@example.com`, "a@[127.0.0.1]", "a@127.0.0.1", "a@evil@corp.example", "a＠example.com", "ü@example.com", "a..b@example.com", ".a@example.com",
		"a@localhost", "a@example.com.", "=?utf-8?q?x?= <a@b.example>", "a@example.com\u2028b", "@example.com", "a@", strings.Repeat("a", 65) + "@example.com",
		strings.Repeat("a@", 2000) + "example.com", strings.Repeat("a", 4000),
	} {
		for _, r := range []request{
			{path: "/register", body: fields("username", fmt.Sprint("user", i), "password", password, "email", email)},
			{path: "/email/change", body: fields("email", email, "current_password", password)},
		} {
			r.method = "POST"
			if a := b.send(r); a.status != http.StatusUnprocessableEntity || a.code() != string(authn.CodeInvalidEmail) {
				if !strings.Contains(email, "\x00") || a.status != http.StatusBadRequest {
					t.Errorf("%s with %.60q: got %s", r.path, email, a)
				}
			}
		}
		f.send(request{method: "POST", path: "/password/forgot", body: fields("identifier", strings.ReplaceAll(email, "\x00", ""))}).want(t, http.StatusAccepted)
	}
	b.send(request{method: "POST", path: "/email/change", body: fields("email", "alice@example.com", "current_password", password), header: map[string]string{
		"Accept-Language": "de\tBcc: b@example.com, x", "User-Agent": "Mozilla <script> \u202e\t" + strings.Repeat("x", 500),
	}}).want(t, http.StatusAccepted)
	for _, m := range f.mails() {
		if text := m.Recipient + m.Locale + m.MessageID; m.Recipient != "alice@example.com" || strings.ContainsAny(text, "\r\n\t \x00<>") || len(m.UserAgent) > 256 {
			t.Errorf("the outbox has %+v", m)
		}
	}
	if len(f.mails()) != 1 {
		t.Errorf("the outbox has %d mails, want 1", len(f.mails()))
	}
}

func hostsInMails(t *testing.T, f *fixture) {
	header := map[string]string{"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher", "Forwarded": "host=evil.example",
		"X-Original-URL": "//evil.example", "Accept-Language": "evil.example"}
	f.send(request{method: "POST", path: "/register", header: header, body: fields("username", "alice", "password", password, "email", "alice@example.com")}).want(t, http.StatusCreated)
	f.send(request{method: "POST", path: "/email/verify", header: header, body: fields("token", f.link(store.MailVerify, "alice@example.com"))}).want(t, http.StatusOK)
	f.send(request{method: "POST", path: "/password/forgot", header: header, body: fields("identifier", "alice")}).want(t, http.StatusAccepted)
	for _, m := range f.mails() {
		if strings.Contains(fmt.Sprintf("%+v", m), "evil") {
			t.Errorf("the outbox has %+v", m)
		}
	}
}

// addressesOfOthers: nobody can keep an address from its owner, or take it.
func addressesOfOthers(t *testing.T, f *fixture) {
	const email = "victim@example.com"
	f.send(request{method: "POST", path: "/register", body: fields("username", "mallory", "password", password, "email", email)}).want(t, http.StatusCreated)
	f.login(email, password).want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
	planted := f.link(store.MailVerify, email)
	f.clock.advance(time.Second)
	victim := f.withEmail("victim", email)
	f.send(request{method: "POST", path: "/email/verify", body: fields("token", planted)}).want(t, http.StatusConflict, authn.CodeEmailTaken)
	if got, verified := victim.email(); got != email || !verified {
		t.Errorf("the victim's address is %q, verified %t", got, verified)
	}
	mallory := f.browser()
	mallory.post("/login", account("mallory", password)).want(t, http.StatusOK)
	if _, verified := mallory.email(); verified {
		t.Error("the address is verified for mallory")
	}
	f.clock.advance(time.Second)
	mallory.post("/email/change", fields("email", email, "current_password", password)).want(t, http.StatusAccepted)
	if got := f.mails()[0]; got.Kind != store.MailAddressInUse || got.TokenHash != "" || got.Recipient != email {
		t.Errorf("the victim got %+v", got)
	}
	for _, m := range f.mails() {
		if m.Kind == store.MailReset {
			t.Errorf("a reset was mailed: %+v", m)
		}
	}
}

func linksTouchNoCookie(t *testing.T, f *fixture) {
	f.withEmail("alice", "alice@example.com")
	bob := f.signedIn("bob")
	reset := f.forgotten("alice", "alice@example.com")
	a := bob.post("/password/reset", fields("token", reset, "new_password", newPassword)).want(t, http.StatusOK)
	if len(setCookies(a)) > 0 {
		t.Errorf("got %s", a)
	}
	bob.get("/profile").want(t, http.StatusOK)
}

// formsOfPages is what a browser without scripts does.
func formsOfPages(t *testing.T, f *fixture) {
	f.send(request{method: "POST", path: "/register", body: fields("username", "<b>bob", "password", password, "email", "bob@example.com")}).want(t, http.StatusCreated)
	verify := f.link(store.MailVerify, "bob@example.com")
	link := " https://auth.example/verify-email#token=" + verify[:30] + "\r\n" + verify[30:] + " "
	says := func(a answer, status int, text string) {
		t.Helper()
		if a.status != status || a.header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(string(a.body), text) || len(setCookies(a)) > 0 {
			t.Errorf("got %s, want %d and %q", a, status, text)
		}
	}
	says(f.submit(server.VerifyPagePath, "token", "nonsense"), http.StatusBadRequest, `role="status">This link is not valid any more.`)
	says(f.submit(server.VerifyPagePath, "token", link), http.StatusOK, `role="status">The address bob@example.com is verified.`)
	says(f.submit(server.VerifyPagePath, "token", verify), http.StatusOK, `role="status">The address bob@example.com is already verified.`)
	reset := f.forgotten("bob@example.com", "bob@example.com")
	says(f.submit(server.ResetPagePath, "token", reset, "new_password", "short"), http.StatusUnprocessableEntity, "Choose another password: the password must have")
	if a := f.submit(server.ResetPagePath, "token", reset, "new_password", "short"); !slices.Contains(strings.Fields(string(a.body)), `value="`+reset+`"`) || strings.Contains(string(a.body), `"short"`) {
		t.Errorf("the field has lost the token, or has the password: %s", a.body)
	}
	says(f.submit(server.ResetPagePath, "token", "#token="+reset, "new_password", newPassword), http.StatusOK, "“&lt;b&gt;bob”")
	says(f.submit(server.ResetPagePath, "token", reset, "new_password", thirdPassword), http.StatusBadRequest, `role="status">This link is not valid any more.`)
	f.login("<b>bob", newPassword).want(t, http.StatusOK)
}

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
