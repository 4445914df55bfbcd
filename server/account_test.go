package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

const (
	newPassword   = "another password for tests"
	thirdPassword = "a third password for tests"
)

func TestTheWholeLifeOfAnAccount(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start(mailing)
		b := f.browser()
		b.name = "alice"
		b.send(request{method: "POST", path: "/register", header: map[string]string{"Accept-Language": "de-CH,de;q=0.9,en;q=0.8"},
			body: fields("username", "alice", "password", password, "email", "Alice@Example.com")}).want(t, http.StatusCreated)
		b.post("/login", account("alice", password)).want(t, http.StatusOK)
		if email, verified := b.email(); email != "Alice@example.com" || verified {
			t.Errorf("after /register: the address is %q, verified %t", email, verified)
		}
		f.login("alice@example.com", password).want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
		if got := f.mails()[0].Locale; got != "de-CH,de,en" {
			t.Errorf("the mail is for %q", got)
		}

		token := f.link(store.MailVerify, "Alice@example.com")
		elsewhere := f.browser()
		a := elsewhere.post("/email/verify", fields("token", token)).want(t, http.StatusOK)
		if want := `{"email":"Alice@example.com","email_verified":true,"already_verified":false}`; strings.TrimSpace(string(a.body)) != want {
			t.Errorf("got %s", a.body)
		}
		a = elsewhere.post("/email/verify", fields("token", token)).want(t, http.StatusOK)
		if !strings.Contains(string(a.body), `"already_verified":true`) || len(elsewhere.cookies) != 0 {
			t.Errorf("got %s", a)
		}
		if email, verified := b.email(); email != "Alice@example.com" || !verified {
			t.Errorf("after /email/verify: the address is %q, verified %t", email, verified)
		}
		f.login("ALICE@EXAMPLE.COM", password).want(t, http.StatusOK)

		other := b.another()
		a = b.post("/password/change", fields("current_password", password, "new_password", newPassword)).want(t, http.StatusOK)
		if a.cookie("access_token") == "" || a.cookie("refresh_token") == "" {
			t.Errorf("the answer sets %v", setCookies(a))
		}
		b.get("/profile").want(t, http.StatusOK)
		b.post("/refresh", "").want(t, http.StatusOK)
		other.get("/profile").want(t, http.StatusUnauthorized)
		other.post("/refresh", "").want(t, http.StatusUnauthorized)
		f.login("alice", password).want(t, http.StatusUnauthorized)

		reset := f.forgotten("alice@example.com", "Alice@example.com")
		a = elsewhere.post("/password/reset", fields("token", reset, "new_password", thirdPassword)).want(t, http.StatusOK)
		if strings.TrimSpace(string(a.body)) != `{"username":"alice"}` || len(elsewhere.cookies) != 0 {
			t.Errorf("got %s", a)
		}
		elsewhere.post("/password/reset", fields("token", reset, "new_password", newPassword)).want(t, http.StatusBadRequest, authn.CodeInvalidLink)
		b.get("/profile").want(t, http.StatusUnauthorized)
		b.post("/refresh", "").want(t, http.StatusUnauthorized)
		f.login("alice", newPassword).want(t, http.StatusUnauthorized)
		b.post("/login", account("alice", thirdPassword)).want(t, http.StatusOK)

		b.post("/email/change", fields("email", "alice@münchen.example", "current_password", thirdPassword)).want(t, http.StatusAccepted)
		if email, verified := b.email(); email != "Alice@example.com" || !verified {
			t.Errorf("after /email/change: the address is %q, verified %t", email, verified)
		}
		b.post("/email/resend", "").want(t, http.StatusAccepted)
		a = elsewhere.post("/email/verify", fields("token", f.link(store.MailVerify, "alice@xn--mnchen-3ya.example"))).want(t, http.StatusOK)
		if !strings.Contains(string(a.body), `"email":"alice@münchen.example"`) {
			t.Errorf("got %s", a)
		}
		if email, verified := b.email(); email != "alice@münchen.example" || !verified {
			t.Errorf("after the change: the address is %q, verified %t", email, verified)
		}
		if got := f.mailed("Alice@example.com"); !slices.Contains(got, "email_requested") || !slices.Contains(got, "email_changed") ||
			!slices.Contains(got, "password_changed") || !slices.Contains(got, "password_reset") {
			t.Errorf("the old address got %v", got)
		}

		a = b.send(request{method: "DELETE", path: "/profile", body: fields("current_password", thirdPassword)}).want(t, http.StatusOK)
		if !a.cleared() || a.header.Get("Clear-Site-Data") == "" {
			t.Errorf("got %s", a)
		}
		f.login("alice", thirdPassword).want(t, http.StatusUnauthorized)
		if got := f.mailed("alice@xn--mnchen-3ya.example"); !slices.Contains(got, "account_deleted") {
			t.Errorf("the last address got %v", got)
		}
	})
}

// TestAWrongCurrentPasswordCountsAndTakesNothingAway: a stolen session must not guess without limit,
// and a typing error must not sign anybody out.
func TestAWrongCurrentPasswordCountsAndTakesNothingAway(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start(mailing, throttled)
		b := f.withEmail("alice", "alice@example.com")
		requests := []request{
			{method: "POST", path: "/password/change", body: fields("current_password", newPassword, "new_password", thirdPassword)},
			{method: "POST", path: "/email/change", body: fields("current_password", newPassword, "email", "new@example.com")},
			{method: "DELETE", path: "/profile", body: fields("current_password", newPassword)},
		}
		for i := range 5 {
			a := b.send(requests[i%len(requests)]).want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
			if len(setCookies(a)) > 0 || a.header.Get("Clear-Site-Data") != "" || !strings.Contains(string(a.body), "current password") {
				t.Errorf("got %s", a)
			}
			b.get("/profile").want(t, http.StatusOK)
		}
		for _, r := range requests {
			if a := b.send(r).want(t, http.StatusTooManyRequests, authn.CodeRateLimited); len(setCookies(a)) > 0 {
				t.Errorf("got %s", a)
			}
		}
		f.login("alice", password).want(t, http.StatusTooManyRequests, authn.CodeRateLimited) // the same counter
		b.get("/profile").want(t, http.StatusOK)
		b.post("/refresh", "").want(t, http.StatusOK)
		if kinds := f.mailed("new@example.com"); len(kinds) > 0 {
			t.Errorf("a wrong password has mailed %v", kinds)
		}
	})
}

func TestAnAccountLivesWithoutMail(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start()
		b := f.signedIn("alice")
		for path, body := range map[string]string{
			"/password/forgot": fields("identifier", "alice"),
			"/email/change":    fields("email", "alice@example.com", "current_password", password),
			"/email/verify":    fields("token", strings.Repeat("a", 52)),
			"/email/resend":    "",
			"/register":        fields("username", "bob", "password", password, "email", "bob@example.com"),
		} {
			b.post(path, body).want(t, http.StatusForbidden, authn.CodeEmailOff)
		}
		if email, verified := b.email(); email != "" || verified {
			t.Errorf("the address is %q, verified %t", email, verified)
		}
		b.post("/password/change", fields("current_password", password, "new_password", newPassword)).want(t, http.StatusOK)
		b.get("/profile").want(t, http.StatusOK)
		b.send(request{method: "DELETE", path: "/profile", body: fields("current_password", newPassword)}).want(t, http.StatusOK)
		f.login("alice", newPassword).want(t, http.StatusUnauthorized)
		if mails := f.mails(); len(mails) > 0 {
			t.Errorf("there is mail: %v", mails)
		}
		f.register("alice@example.com", password).want(t, http.StatusCreated) // any name, as before
	})
}

// TestASecondTabGoesOnAfterAPasswordChange: both tabs have one jar of cookies.
func TestASecondTabGoesOnAfterAPasswordChange(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start(mailing)
		first := f.signedIn("alice")
		second := &browser{f: f, name: "alice", cookies: first.cookies}
		before := first.token()
		second.post("/refresh", "").want(t, http.StatusOK)
		first.post("/password/change", fields("current_password", password, "new_password", newPassword)).want(t, http.StatusOK)
		second.get("/profile").want(t, http.StatusOK)
		second.post("/refresh", "").want(t, http.StatusOK)
		first.get("/sessions").want(t, http.StatusOK)
		second.post("/password/change", fields("current_password", password, "new_password", thirdPassword)).want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
		second.post("/password/change", fields("current_password", newPassword, "new_password", thirdPassword)).want(t, http.StatusOK)
		first.get("/profile").want(t, http.StatusOK)
		if late := f.refresh(before).want(t, http.StatusUnauthorized); late.cookie("refresh_token") != "" {
			t.Errorf("a stolen token of before the change is good: %s", late)
		}
	})
}

func TestAPasswordChangeNeedsTheRefreshTokenOfItsSession(t *testing.T) {
	t.Parallel()
	f := start(t)
	b := f.signedIn("alice")
	other := b.another()
	body := fields("current_password", password, "new_password", newPassword)
	for name, cookies := range map[string]string{
		"none":                 "access_token=" + b.cookies["access_token"],
		"of another session":   "access_token=" + b.cookies["access_token"] + "; refresh_token=" + other.token(),
		"that is none":         "access_token=" + b.cookies["access_token"] + "; refresh_token=x",
		"only a refresh token": "refresh_token=" + b.token(),
	} {
		want, code := http.StatusBadRequest, authn.CodeInvalidRequest
		if name == "only a refresh token" {
			want, code = http.StatusUnauthorized, authn.CodeUnauthenticated
		}
		if a := f.send(request{method: "POST", path: "/password/change", body: body, cookies: cookies}).want(t, want, code); len(setCookies(a)) > 0 {
			t.Errorf("%s: got %s", name, a)
		}
	}
	other.get("/profile").want(t, http.StatusOK)
	f.send(request{method: "POST", path: "/password/change", body: body, cookies: "refresh_token=" + b.token(),
		header: map[string]string{"Authorization": "Bearer " + b.cookies["access_token"]}}).want(t, http.StatusOK)
	other.get("/profile").want(t, http.StatusUnauthorized)
}
