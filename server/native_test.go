package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

func TestANativeClientSignsInRefreshesAndSignsOutWithoutCookies(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start(knowing(native("cli"), native("phone")))
		a := f.signedInApp("cli", "alice")
		if a.TokenType != "Bearer" || a.ExpiresIn != int(accessTTL/time.Second) || a.RefreshExpiresIn != int(refreshTTL/time.Second) {
			t.Errorf("login answered %+v", a.tokens)
		}
		if got := clientIDOf(a.AccessToken); got != "cli" {
			t.Errorf("the client_id is %q", got)
		}
		a.get("/profile").want(t, http.StatusOK)
		f.send(request{method: "GET", path: "/verify", header: map[string]string{"Authorization": "Bearer " + a.AccessToken}}).want(t, http.StatusOK)

		first := a.tokens
		f.clock.advance(accessTTL + time.Second)
		a.get("/profile").want(t, http.StatusUnauthorized, authn.CodeTokenExpired)
		refreshed := a.refresh().want(t, http.StatusOK)
		if a.RefreshToken == first.RefreshToken || refreshed.header.Get("Cache-Control") != "no-store" {
			t.Errorf("refresh answered %s", refreshed)
		}
		var grant struct {
			User struct{ Username string }
			At   time.Time `json:"access_expires_at"`
		}
		if err := json.Unmarshal(refreshed.body, &grant); err != nil || grant.User.Username != "alice" || !grant.At.Equal(f.clock.Now().Add(accessTTL)) {
			t.Errorf("the fields of everybody are %s", refreshed.body)
		}
		// The client that refreshes is the one that the new token names, and the session has none.
		a.id = "phone"
		a.refresh().want(t, http.StatusOK)
		if got := clientIDOf(a.AccessToken); got != "phone" {
			t.Errorf("the client_id is %q", got)
		}
		lines := f.logged("request finished")
		if got := lines[len(lines)-1]["client_id"]; got != "phone" {
			t.Errorf("the log names the client %v", got)
		}

		metrics := f.serve(f.srv.AdminHandler(), httptest.NewRequest("GET", "http://localhost/metrics", nil))
		if !strings.Contains(string(metrics.body), "authctl_client_requests_total{client=\"phone\"} 1\n") {
			t.Error("the metrics do not count the client's requests")
		}
		last := a.tokens
		a.tokens = tokens{RefreshToken: last.RefreshToken}
		a.post("/logout", a.refreshBody()).want(t, http.StatusOK)
		f.profile(last.AccessToken).want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
		a.refreshWith(last.RefreshToken).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
		a.post("/logout", a.refreshBody()).want(t, http.StatusOK) // an answer may get lost, and what is asked for holds
	})
}

func TestTheRulesOfRotationHoldForTokensInBodies(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start(knowing(native("cli")))
		a := f.signedInApp("cli", "alice")
		first := a.RefreshToken
		a.refresh().want(t, http.StatusOK)
		f.clock.advance(retryWindow)
		if again := (tokens{}).in(a.refreshWith(first).want(t, http.StatusOK)); again.RefreshToken != a.RefreshToken || again.AccessToken == "" {
			t.Error("the retry got another successor")
		}
		a.refresh().want(t, http.StatusOK)
		f.clock.advance(retryWindow + time.Second)
		a.refreshWith(first).want(t, http.StatusUnauthorized, authn.CodeSessionReused)
		a.refresh().want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
		a.get("/profile").want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)

		a.login("alice").want(t, http.StatusOK)
		for _, token := range []string{"", "garbage", a.RefreshToken + "A", a.AccessToken} {
			a.refreshWith(token).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
		}
		f.clock.advance(refreshTTL)
		a.refresh().want(t, http.StatusUnauthorized, authn.CodeSessionExpired)
	})
}

// TestConcurrentRefreshesByBodyConverge: a client refreshes from sixteen threads, and a thief
// who comes later ends the session.
func TestConcurrentRefreshesByBodyConverge(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start(knowing(native("cli")))
		a := f.signedInApp("cli", "alice")
		got := make([]tokens, 16)
		var all sync.WaitGroup
		for i := range got {
			all.Go(func() { got[i] = tokens{}.in(a.refreshWith(a.RefreshToken)) })
		}
		all.Wait()
		for _, g := range got {
			if g.RefreshToken == "" || g.RefreshToken != got[0].RefreshToken {
				t.Fatalf("got the refresh tokens %q and %q", g.RefreshToken, got[0].RefreshToken)
			}
		}
		f.clock.advance(retryWindow + time.Second)
		a.refreshWith(a.RefreshToken).want(t, http.StatusUnauthorized, authn.CodeSessionReused)
		a.refreshWith(got[0].RefreshToken).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
	})
}

func TestANativeLogoutEndsWhatItNamesAndNothingElse(t *testing.T) {
	t.Parallel()
	f := start(t, knowing(native("cli")))
	a, other := f.signedInApp("cli", "alice"), f.signedInApp("cli", "bob")
	logout := func(header, body string) answer {
		h := map[string]string{"Authctl-Client": "cli"}
		if header != "" {
			h["Authorization"] = "Bearer " + header
		}
		return f.send(request{method: "POST", path: "/logout", body: body, header: h})
	}
	for _, body := range []string{"", "{}", `{"refresh_token":""}`} {
		logout("", body).want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
	}
	for _, token := range []string{"garbage", a.AccessToken, a.RefreshToken[1:]} {
		logout("", tokenBody(token)).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
	}
	logout("garbage", "").want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
	logout("", `{"token":"x"}`).want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
	a.get("/profile").want(t, http.StatusOK)
	other.get("/profile").want(t, http.StatusOK)

	logout(a.AccessToken, tokenBody(other.RefreshToken)).want(t, http.StatusOK)
	for _, gone := range []*app{a, other} {
		gone.refresh().want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
	}
	// One good token ends its session beside a bad one, which the answer tells.
	a.login("alice").want(t, http.StatusOK)
	logout("garbage", a.refreshBody()).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
	a.refresh().want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
	a.login("alice").want(t, http.StatusOK)
	logout(a.AccessToken, tokenBody("garbage")).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
	a.refresh().want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
}

func TestANativeLogoutDuringAnOutageIsCarriedOutLater(t *testing.T) {
	t.Parallel()
	f, st := startFailing(t, knowing(native("cli")))
	a := f.signedInApp("cli", "alice")
	st.fail(store.ErrUnavailable)
	got := a.post("/logout", a.refreshBody()).want(t, http.StatusServiceUnavailable, authn.CodeUnavailable)
	if strings.Contains(string(got.body), "cookies") {
		t.Errorf("it speaks of cookies: %s", got)
	}
	a.get("/profile").want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
	st.fail(nil)
	if err := f.svc.Cluster.FinishLogouts(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.refresh().want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
}

// TestNoAnswerToANativeClientTouchesACookie goes through every endpoint that sets or clears cookies
// for others; app.send looks at the answers.
func TestNoAnswerToANativeClientTouchesACookie(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start(knowing(native("cli")))
		a, elsewhere := f.signedInApp("cli", "alice"), f.app("cli")
		elsewhere.login("alice").want(t, http.StatusOK)
		b := f.signedIn("bob")
		withCookies := func(method, path, body string) answer {
			return a.send(request{method: method, path: path, body: body, cookies: "access_token=" + b.cookies["access_token"] + "; refresh_token=" + b.token()})
		}
		withCookies("POST", "/login", account("alice", password)).want(t, http.StatusOK)
		withCookies("POST", "/refresh", a.refreshBody()).want(t, http.StatusOK)
		withCookies("POST", "/refresh", "").want(t, http.StatusUnsupportedMediaType)
		withCookies("POST", "/refresh", "{}").want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
		withCookies("POST", "/refresh", tokenBody("garbage")).want(t, http.StatusUnauthorized)
		withCookies("DELETE", "/sessions", "").want(t, http.StatusOK)
		elsewhere.get("/profile").want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)

		const next = "another password for tests"
		change := func(token string) string {
			body, _ := json.Marshal(map[string]string{"current_password": password, "new_password": next, "refresh_token": token})
			return string(body)
		}
		withCookies("POST", "/password/change", change(b.token())).want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
		before := a.tokens
		withCookies("POST", "/password/change", change(a.RefreshToken)).want(t, http.StatusOK)
		if a.RefreshToken == before.RefreshToken || clientIDOf(a.AccessToken) != "cli" {
			t.Errorf("the change answered %+v", a.tokens)
		}
		a.refresh().want(t, http.StatusOK)
		a.get("/profile").want(t, http.StatusOK)
		withCookies("DELETE", "/profile", `{"current_password":"`+next+`"}`).want(t, http.StatusOK)
		a.get("/profile").want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)

		// Cookies give a native client no right, and it ends no session of theirs.
		a.tokens = tokens{}
		withCookies("GET", "/profile", "").want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
		withCookies("POST", "/logout", "").want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
		b.get("/profile").want(t, http.StatusOK)
		b.post("/refresh", "").want(t, http.StatusOK)
	})
}
