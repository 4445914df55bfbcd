package server_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// mixedTokens: /refresh uses only the refresh token.
func mixedTokens(t *testing.T, start func(...func(*setup)) *fixture) {
	f := start()
	alice, mallory := f.signedIn("alice"), f.signedIn("mallory")
	a := f.send(request{method: "POST", path: "/refresh", cookies: "access_token=" + mallory.cookies["access_token"] + "; refresh_token=" + alice.token()}).
		want(t, http.StatusOK)
	if !bytes.Contains(a.body, []byte(`"alice"`)) {
		t.Errorf("got %s, want alice's", a)
	}
	if got := f.profile(a.cookie("access_token")).want(t, http.StatusOK); !bytes.Contains(got.body, []byte(`"alice"`)) {
		t.Errorf("the session is %s's", got.body)
	}
	mallory.get("/profile").want(t, http.StatusOK)
	mallory.post("/refresh", "").want(t, http.StatusOK)
}

// noRefreshTokens: a text that only looks like a refresh token ends no session.
func noRefreshTokens(t *testing.T, start func(...func(*setup)) *fixture) {
	f := start()
	b := f.signedIn("alice")
	good := b.token()
	for name, cookies := range map[string]string{
		"no cookie":             "",
		"empty":                 "refresh_token=",
		"no value":              "refresh_token",
		"cut short":             "refresh_token=" + good[:63],
		"one more":              "refresh_token=" + good + "A",
		"padded":                "refresh_token=" + good + "=",
		"the other alphabet":    "refresh_token=" + good[:63] + "+",
		"upper case":            "refresh_token=" + strings.ToUpper(good),
		"10 kB":                 "refresh_token=" + strings.Repeat("A", 10_000),
		"the access token":      "refresh_token=" + b.cookies["access_token"],
		"a name of other case":  "REFRESH_TOKEN=" + good,
		"a name with a prefix":  "__Host-refresh_token=" + good,
		"a prefix, lower case":  "__host-refresh_token=" + good,
		"an encoded name":       "refresh%5Ftoken=" + good,
		"a value of percents":   "refresh_token=%41" + good[1:],
		"only the access token": "access_token=" + b.cookies["access_token"],
	} {
		t.Run(name, func(t *testing.T) {
			a := f.send(request{method: "POST", path: "/refresh", cookies: cookies}).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
			want := strings.HasPrefix(cookies, "refresh_token") // it is presented, and of no use to anybody
			if len(setCookies(a)) != len(a.clears()) || slices.Equal(a.clears(), []string{"refresh_token"}) != want {
				t.Errorf("it cleared %v: %s", a.clears(), a)
			}
		})
	}
	f.send(request{method: "POST", path: "/refresh?refresh_token=" + good}).want(t, http.StatusUnauthorized)
	f.send(request{method: "POST", path: "/refresh", header: map[string]string{"Authorization": "Bearer " + good}}).want(t, http.StatusUnauthorized)
	b.post("/refresh", "").want(t, http.StatusOK)
}

// twoRefreshTokens: of two cookies with one name an attacker may have planted one. With both,
// no session starts, continues or changes hands. A logout ends both.
func twoRefreshTokens(t *testing.T, start func(...func(*setup)) *fixture) {
	f := start()
	f.signedIn("alice")
	for name, planted := range map[string]func(string) string{
		"planted after":  func(token string) string { return "refresh_token=" + token + "; refresh_token=planted" },
		"planted before": func(token string) string { return "refresh_token=planted; refresh_token=" + token },
		"quoted":         func(token string) string { return `refresh_token="` + token + `"` },
	} {
		t.Run(name, func(t *testing.T) {
			b := f.browser()
			b.post("/login", account("alice", password)).want(t, http.StatusOK)
			cookies := planted(b.token())
			refresh := f.send(request{method: "POST", path: "/refresh", cookies: cookies}).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
			bad := f.send(request{method: "POST", path: "/login", body: account("alice", "the wrong password"), cookies: cookies}).
				want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
			logout := f.send(request{method: "POST", path: "/logout", cookies: cookies}).want(t, http.StatusOK)
			f.send(request{method: "POST", path: "/login", body: account("alice", password), cookies: cookies}).want(t, http.StatusOK)
			// The server does not know which of the two the user wants, except at a logout.
			for endpoint, a := range map[string]answer{"refresh": refresh, "bad login": bad} {
				if len(setCookies(a)) != 0 {
					t.Errorf("%s touched the cookies: %s", endpoint, a)
				}
			}
			if !slices.Equal(logout.clears(), []string{"refresh_token"}) {
				t.Errorf("logout left the cookies: %s", logout)
			}
			b.post("/refresh", "").want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
		})
	}
}

func logoutsOfWhatever(t *testing.T, start func(...func(*setup)) *fixture) {
	f := start()
	b := f.signedIn("alice")
	access := b.cookies["access_token"]
	for name, tt := range map[string]struct{ cookies, clears string }{
		"nothing":     {"", ""},
		"others":      {"session=1; Access_Token=a", ""},
		"garbage":     {"refresh_token=garbage; access_token=garbage", "access_token refresh_token"},
		"10 kB":       {"refresh_token=" + strings.Repeat("A", 10_000), "refresh_token"},
		"two of each": {"refresh_token=a; refresh_token=b; access_token=a; access_token=b", "access_token refresh_token"},
		"quoted":      {`refresh_token="a"`, "refresh_token"},
		"access only": {"access_token=a", "access_token"},
	} {
		t.Run(name, func(t *testing.T) {
			a := f.send(request{method: "POST", path: "/logout", cookies: tt.cookies}).want(t, http.StatusOK)
			if got := strings.Join(a.clears(), " "); got != tt.clears || len(setCookies(a)) != len(a.clears()) {
				t.Errorf("cleared %q, want %q", got, tt.clears)
			}
		})
	}
	for name, r := range map[string]request{
		"by GET":                {method: "GET"},
		"by GET, overridden":    {method: "GET", header: map[string]string{"X-HTTP-Method-Override": "POST"}},
		"from another site":     {method: "POST", header: map[string]string{"Sec-Fetch-Site": "cross-site"}},
		"from another origin":   {method: "POST", header: map[string]string{"Origin": "https://evil.example"}},
		"from a sibling's page": {method: "POST", header: map[string]string{"Sec-Fetch-Site": "same-site"}},
	} {
		t.Run(name, func(t *testing.T) {
			want := http.StatusForbidden
			if r.method == "GET" {
				want = http.StatusMethodNotAllowed
			}
			r.path, r.cookies = "/logout", "access_token="+access+"; refresh_token="+b.token()
			if a := f.send(r).want(t, want); len(setCookies(a)) != 0 {
				t.Errorf("got cookies: %s", a)
			}
		})
	}
	b.get("/profile").want(t, http.StatusOK)
	// The access token alone is enough, also after it has expired. A second logout is fine.
	f.clock.advance(accessTTL + time.Second)
	for range 2 {
		f.send(request{method: "POST", path: "/logout", cookies: "access_token=" + access}).want(t, http.StatusOK)
	}
	f.refresh(b.token()).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
}

func logoutOfOneSession(t *testing.T, start func(...func(*setup)) *fixture) {
	f := start()
	phone := f.signedIn("alice")
	laptop := f.browser()
	laptop.post("/login", account("alice", password)).want(t, http.StatusOK)
	phone.post("/logout", "").want(t, http.StatusOK)
	laptop.get("/profile").want(t, http.StatusOK)
	laptop.post("/refresh", "").want(t, http.StatusOK)
}

func logoutWithoutADatabase(t *testing.T) {
	f, st := startFailing(t)
	b := f.signedIn("alice")
	token := b.token()
	access := b.cookies["access_token"]
	st.fail(store.ErrUnavailable)
	a := b.post("/logout", "").want(t, http.StatusServiceUnavailable, authn.CodeUnavailable)
	if !a.cleared() || !strings.Contains(string(a.body), "as soon as the database answers again") {
		t.Errorf("got %s", a)
	}
	if got := f.metrics(t); !strings.Contains(got, "authctl_logouts_pending 1\n") {
		t.Errorf("the metrics say %s", got)
	}
	b.post("/logout", "").want(t, http.StatusOK) // without cookies there is nothing to end
	// Copies of the tokens are refused, before the database is back and after.
	f.profile(access).want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
	f.refused(t, token, authn.CodeSessionRevoked)
	st.fail(nil)
	f.refused(t, token, authn.CodeSessionRevoked)
	if err := f.svc.Cluster.FinishLogouts(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.refused(t, token, authn.CodeUnauthenticated)
	f.profile(access).want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
}

// endingsWithoutADatabase: the ending of a session by its id is not queued during an outage,
// because the user can check the list of sessions afterwards. Nobody is signed out.
func endingsWithoutADatabase(t *testing.T) {
	f, st := startFailing(t)
	b, other := f.signedIn("alice"), f.browser()
	other.post("/login", account("alice", password)).want(t, http.StatusOK)
	list := b.get("/sessions").want(t, http.StatusOK)
	var sessions struct {
		Sessions []struct {
			SessionID string `json:"session_id"`
		}
	}
	if err := json.Unmarshal(list.body, &sessions); err != nil || len(sessions.Sessions) != 2 {
		t.Fatalf("got %s, %v", list, err)
	}
	st.fail(store.ErrUnavailable)
	for _, path := range []string{"/sessions", "/sessions/" + sessions.Sessions[0].SessionID, "/sessions/" + sessions.Sessions[1].SessionID} {
		if a := b.send(request{method: "DELETE", path: path}).want(t, http.StatusServiceUnavailable, authn.CodeUnavailable); len(setCookies(a)) != 0 {
			t.Errorf("DELETE %s touched the cookies: %s", path, a)
		}
	}
	if a := b.post("/login", account("alice", password)).want(t, http.StatusServiceUnavailable, authn.CodeUnavailable); len(setCookies(a)) != 0 {
		t.Errorf("a login touched the cookies: %s", a)
	}
	if n := f.svc.Cluster.CountPendingLogouts(); n != 0 {
		t.Errorf("%d sessions are to be ended later", n)
	}
	st.fail(nil)
	b.post("/refresh", "").want(t, http.StatusOK)
	other.post("/refresh", "").want(t, http.StatusOK)
}
