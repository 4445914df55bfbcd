package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
	"github.com/authctl/authctl/store"
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
	says(f.submit(server.ResetPagePath, "token", reset, "new_password", "short"), http.StatusUnprocessableEntity, `role="status">The password must have at least 8 characters.`)
	if a := f.submit(server.ResetPagePath, "token", reset, "new_password", "short"); !slices.Contains(strings.Fields(string(a.body)), `value="`+reset+`"`) || strings.Contains(string(a.body), `"short"`) {
		t.Errorf("the field has lost the token, or has the password: %s", a.body)
	}
	says(f.submit(server.ResetPagePath, "token", "#token="+reset, "new_password", newPassword), http.StatusOK, "“&lt;b&gt;bob”")
	says(f.submit(server.ResetPagePath, "token", reset, "new_password", thirdPassword), http.StatusBadRequest, `role="status">This link is not valid any more.`)
	f.login("<b>bob", newPassword).want(t, http.StatusOK)
}
