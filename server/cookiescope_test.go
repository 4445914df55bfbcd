package server_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

// scopes is a server whose cookie settings change while users are signed in, with a client
// that keeps cookies by domain, as browsers do.
type scopes struct {
	*fixture
	t    *testing.T
	host string
	jar  *cookiejar.Jar
	said logBuffer
}

// newScopes signs a user in under the settings before the change.
func newScopes(t *testing.T, f *fixture, username string, first server.Config) *scopes {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &scopes{fixture: f, t: t, host: "login.shop.example.test", jar: jar}
	s.post("/register", account(username, password), first).want(t, http.StatusCreated)
	s.post("/login", account(username, password), first).want(t, http.StatusOK)
	return s
}

// token returns the refresh token that the client sends, by whichever name.
func (s *scopes) token() (token string) {
	for _, c := range s.jar.Cookies(&url.URL{Scheme: "https", Host: s.host, Path: "/"}) {
		if strings.HasSuffix(c.Name, "refresh_token") {
			token = c.Value
		}
	}
	return token
}

// post sends a request under the given settings, as a page of the service's own origin.
func (s *scopes) post(path, body string, cfg server.Config) answer {
	return s.ask(http.MethodPost, path, body, cfg)
}

func (s *scopes) get(path string, cfg server.Config) answer {
	return s.ask(http.MethodGet, path, "", cfg)
}

func (s *scopes) ask(method, path, body string, cfg server.Config) answer {
	s.t.Helper()
	srv, err := server.New(cfg, s.svc, s.store, zerolog.New(&s.said))
	if err != nil {
		s.t.Fatal(err)
	}
	srv.SetClock(s.clock.Now)
	r := httptest.NewRequest(method, "https://"+s.host+path, strings.NewReader(body))
	r.RequestURI = ""
	r.Header.Set("Content-Type", "application/json")
	transport := answeredBy(func(w http.ResponseWriter, r *http.Request) {
		r.TLS = &tls.ConnectionState{}
		srv.Handler().ServeHTTP(w, r)
	})
	resp, err := (&http.Client{Jar: s.jar, Transport: transport}).Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	b, _ := io.ReadAll(resp.Body)
	return answer{status: resp.StatusCode, header: resp.Header, body: b}
}

// plant sets a cookie for all hosts of a domain, as a sibling host of the service could.
func (s *scopes) plant(name, value, domain string) {
	s.jar.SetCookies(&url.URL{Scheme: "https", Host: "evil." + domain}, []*http.Cookie{{Name: name, Value: value, Domain: domain, Path: "/", MaxAge: 600}})
}

// held returns the names of the cookies that the client would send to the service.
func (s *scopes) held() (names []string) {
	for _, c := range s.jar.Cookies(&url.URL{Scheme: "https", Host: s.host, Path: "/"}) {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names
}

var pair = []string{"access_token", "refresh_token"}

// scopeChanges is one configuration and the next.
var scopeChanges = map[string][2]server.Config{
	"from this host to a domain":        {{}, {CookieDomain: "example.test"}},
	"from this host to its own domain":  {{}, {CookieDomain: "login.shop.example.test"}},
	"from a domain to this host":        {{CookieDomain: "example.test"}, {CookiePreviousDomains: []string{"example.test"}}},
	"from a domain to the one above":    {{CookieDomain: "shop.example.test"}, {CookieDomain: "example.test", CookiePreviousDomains: []string{"shop.example.test"}}},
	"from a domain to one below":        {{CookieDomain: "example.test"}, {CookieDomain: "shop.example.test", CookiePreviousDomains: []string{"example.test"}}},
	"from a domain, which nobody names": {{CookieDomain: "example.test"}, {}},
	"up, and nobody names it":           {{CookieDomain: "shop.example.test"}, {CookieDomain: "example.test"}},
	"from lax to strict":                {{}, {CookieSameSite: "strict"}},
	"from auto to secure":               {{CookieSecure: "auto"}, {CookieSecure: "true"}},
}

func TestAChangeOfTheCookiesScopeSignsNobodyOut(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		for name, change := range scopeChanges {
			t.Run(name, func(t *testing.T) {
				f := start()
				s := newScopes(t, f, "alice", change[0])
				for range 4 { // and later than any retry window
					s.post("/refresh", "", change[1]).want(t, http.StatusOK)
					f.clock.advance(accessTTL)
				}
				s.post("/refresh", "", change[1]).want(t, http.StatusOK)
				if got := s.held(); !slices.Equal(got, pair) {
					t.Errorf("it sends %v", got)
				}
				s.get("/profile", change[1]).want(t, http.StatusOK)
				s.post("/logout", "", change[1]).want(t, http.StatusOK)
				if got := s.held(); len(got) != 0 {
					t.Errorf("a logout left %v", got)
				}
			})
		}
	})
}

func TestAfterAChangeOfTheCookiesScopeASignInWorks(t *testing.T) {
	t.Parallel()
	for name, change := range scopeChanges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScopes(t, start(t), "alice", change[0])
			s.post("/login", account("alice", password), change[1]).want(t, http.StatusOK)
			if strings.Contains(name, "nobody") {
				// The earlier session has ended, and the two tokens are of different sessions: one refusal
				// clears the other scope.
				s.post("/refresh", "", change[1]).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
				if said := bytes.Join(s.said.lines(), nil); !bytes.Contains(said, []byte("cookies.previous_domains")) {
					t.Errorf("the log says %s", said)
				}
			}
			s.post("/refresh", "", change[1]).want(t, http.StatusOK)
			s.get("/profile", change[1]).want(t, http.StatusOK)
			if got := s.held(); !slices.Equal(got, pair) {
				t.Errorf("it sends %v", got)
			}
			s.clock.advance(refreshTTL + time.Hour)
			s.post("/refresh", "", change[1]).want(t, http.StatusUnauthorized)
		})
	}
}

// TestServersOfTwoScopesSignNobodyOut: during the rollout of a change, requests reach servers
// with the old and with the new settings.
func TestServersOfTwoScopesSignNobodyOut(t *testing.T) {
	t.Parallel()
	for name, change := range scopeChanges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t)
			s := newScopes(t, f, "alice", change[0])
			for _, server := range []int{1, 0, 1, 1, 0, 0, 1, 0, 1} {
				s.post("/refresh", "", change[server]).want(t, http.StatusOK)
				f.clock.advance(time.Minute)
			}
		})
	}
}

// TestALogoutClearsEveryScopeOfTheCookies: it also clears cookies that the browser sent twice.
func TestALogoutClearsEveryScopeOfTheCookies(t *testing.T) {
	t.Parallel()
	for name, change := range scopeChanges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScopes(t, start(t), "alice", change[0])
			s.post("/logout", "", change[1]).want(t, http.StatusOK)
			s.post("/refresh", "", change[1]).want(t, http.StatusUnauthorized)
			if !strings.Contains(name, "nobody") && len(s.held()) != 0 {
				t.Errorf("it left %v", s.held())
			}
		})
	}
}

// TestAPlantedCookieTakesNobodyOver: an attacker on a sibling host plants the cookies of the
// attacker's own session. No user is moved into that session, and the victim keeps the
// victim's cookie.
func TestAPlantedCookieTakesNobodyOver(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]server.Config{"": {}, "previous": {CookiePreviousDomains: []string{"example.test"}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t)
			mallory := f.signedIn("mallory")
			s := newScopes(t, f, "alice", cfg)
			s.plant("refresh_token", mallory.token(), "example.test")
			s.plant("access_token", mallory.cookies["access_token"], "example.test")
			s.get("/profile", cfg).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
			s.post("/refresh", "", cfg).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
			if a := s.post("/refresh", "", cfg).want(t, http.StatusOK); !strings.Contains(string(a.body), `"alice"`) {
				t.Errorf("got %s", a.body)
			}
			if a := s.get("/profile", cfg).want(t, http.StatusOK); !strings.Contains(string(a.body), `"alice"`) {
				t.Errorf("got %s", a.body)
			}
			// A cookie planted with another path is not cleared. It stays, and requests with it are refused.
			s.jar.SetCookies(&url.URL{Scheme: "https", Host: "evil.example.test"}, []*http.Cookie{{Name: "refresh_token", Value: mallory.token(), Domain: "example.test", Path: "/refresh"}})
			for range 3 {
				s.post("/refresh", "", cfg).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
			}
			mallory.post("/refresh", "").want(t, http.StatusOK)
		})
	}
}

// TestAnotherApplicationsCookiesAreSpared: another application has cookies of the same names
// on the parent domain.
func TestAnotherApplicationsCookiesAreSpared(t *testing.T) {
	t.Parallel()
	s := newScopes(t, start(t), "alice", server.Config{})
	s.plant("refresh_token", "somebody-elses", "example.test")
	for _, path := range []string{"/refresh", "/logout"} {
		s.post(path, "", server.Config{})
	}
	if got := s.held(); !slices.Equal(got, []string{"refresh_token"}) {
		t.Errorf("it sends %v", got)
	}
}

// TestAChangeOfTheNamesLeavesNoCookieAndNoSessionBehind: cookies of the old names are not
// accepted, so everybody signs in once.
func TestAChangeOfTheNamesLeavesNoCookieAndNoSessionBehind(t *testing.T) {
	t.Parallel()
	prefixed := server.Config{CookieHostPrefix: true}
	for name, change := range map[string][2]server.Config{
		"prefixed":                {{}, prefixed},
		"prefixed, from a domain": {{CookieDomain: "example.test"}, {CookieHostPrefix: true, CookiePreviousDomains: []string{"example.test"}}},
		"not prefixed any more":   {prefixed, {}},
		"for a domain":            {prefixed, {CookieDomain: "example.test"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := pair
			if change[1].CookieHostPrefix {
				want = []string{"__Host-access_token", "__Host-refresh_token"}
			}
			f := start(t)
			s := newScopes(t, f, "alice", change[0])
			before := s.token()
			s.post("/refresh", "", change[1]).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
			s.post("/login", account("alice", password), change[1]).want(t, http.StatusOK)
			if got := s.held(); !slices.Equal(got, want) {
				t.Errorf("it sends %v", got)
			}
			f.refused(t, before, authn.CodeUnauthenticated) // its session has ended
			s.post("/refresh", "", change[1]).want(t, http.StatusOK)

			// A logout of a user who has not signed in since the change ends the earlier session.
			s = newScopes(t, f, "bob", change[0])
			before = s.token()
			s.post("/logout", "", change[1]).want(t, http.StatusOK)
			if got := s.held(); len(got) != 0 {
				t.Errorf("a logout left %v", got)
			}
			f.refused(t, before, authn.CodeUnauthenticated)
		})
	}
}
