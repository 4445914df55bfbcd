package cmd_test

import (
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The samples of docs/apps.md behind the Caddyfile there, and the one behind nginx.
var (
	expressApp = sample{name: "express", front: proxies[1], conf: "origin/Caddyfile", at: "127.0.0.1:3000", run: runExpress}
	nextApp    = sample{name: "next", front: proxies[1], conf: "origin/Caddyfile", at: "127.0.0.1:3000", dir: "next", run: runNext, leftOut: `header_up Cookie "(^|; )refresh_token=[^;]*" "$1" # it needs none; leave this line out for Next.js`}
	goApp      = sample{name: "go", front: proxies[1], conf: "origin/Caddyfile", at: "127.0.0.1:3000", run: runGo}
	flaskApp   = sample{name: "flask", front: proxies[0], conf: "flask/nginx.conf", at: "127.0.0.1:9999", run: runFlask}
)

// elsewhere is what a browser without Sec-Fetch-Site, or over plain HTTP, says of a page of another origin.
var elsewhere = http.Header{"Origin": {"http://shop.example.com"}}

func runExpress(t *testing.T, s *site) *exec.Cmd {
	s.link(t, filepath.Join("npm", "node_modules"), "node_modules")
	return exec.Command(s.node(), "server.mjs")
}

// runNext runs in the folder of its packages, because Next.js follows no link out of it.
func runNext(t *testing.T, s *site) *exec.Cmd {
	_, port, _ := strings.Cut(s.addr, ":")
	next := filepath.Join("node_modules", "next", "dist", "bin", "next")
	s.build(t, s.node(), next, "build")
	return exec.Command(s.node(), next, "start", "-H", "127.0.0.1", "-p", port)
}

func runGo(t *testing.T, s *site) *exec.Cmd {
	for _, name := range []string{"go.mod", "go.sum"} {
		put(t, filepath.Join(s.dir, name), readFile(t, filepath.Join(s.tools, "go", name)))
	}
	s.build(t, "go", "build", "-o", "app", ".")
	return exec.Command(filepath.Join(s.dir, "app"))
}

func runFlask(t *testing.T, s *site) *exec.Cmd {
	return exec.Command("/usr/bin/python3", "-m", "gunicorn", "--bind", s.addr, "app:app") // Debian's, which has both packages
}

// TestAppsThatVerifyTokens is about servers that verify tokens by themselves and leave it to their callers to
// refresh.
func TestAppsThatVerifyTokens(t *testing.T) {
	t.Parallel()
	for _, app := range []struct {
		sample
		askedAtOnce bool // it asks /verify about what only admins may do
		forPeople   bool // it refuses services
	}{{expressApp, true, true}, {goApp, false, false}} {
		t.Run(app.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, app.sample)
			c := s.visitor(t)
			orders := s.url + "/api/orders"
			says := func(method string, header http.Header, status int, want string) {
				t.Helper()
				if got := call(t, c, method, orders, "", header, status); !strings.Contains(got, want) {
					t.Errorf("%s: got %s, want %s", method, got, want)
				}
			}
			bearer := func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }
			foreign := http.Header{"Sec-Fetch-Site": {"cross-site"}}

			says("GET", nil, http.StatusUnauthorized, "unauthenticated")
			says("DELETE", nil, http.StatusUnauthorized, "unauthenticated")
			s.signIn(t, c, "alice")
			token := s.cookie(t, c, "access_token")
			says("GET", nil, http.StatusOK, `"username":"alice"`)
			says("GET", foreign, http.StatusOK, "apples")
			says("GET", bearer(forgedEnd(token)), http.StatusUnauthorized, "unauthenticated")
			says("GET", bearer(s.signedInAnHourAgo(t, "alice").AccessToken), http.StatusUnauthorized, "token_expired")

			says("DELETE", nil, http.StatusForbidden, "missing_role")
			s.authctl.run(t, "user", "set", "alice", "--role", "admin")
			if app.askedAtOnce {
				says("DELETE", nil, http.StatusUnauthorized, "token_expired")
			} else {
				says("DELETE", nil, http.StatusForbidden, "missing_role")
			}
			call(t, c, "POST", s.url+"/refresh", "", nil, http.StatusOK)
			says("DELETE", foreign, http.StatusForbidden, "")
			says("DELETE", http.Header{"Sec-Fetch-Site": {"same-site"}}, http.StatusForbidden, "")
			says("DELETE", elsewhere, http.StatusForbidden, "")
			says("DELETE", http.Header{"Origin": {s.url}}, http.StatusNoContent, "")
			says("DELETE", nil, http.StatusNoContent, "")
			token = s.cookie(t, c, "access_token")
			s.drop(c, "access_token")
			says("GET", nil, http.StatusUnauthorized, "unauthenticated")
			says("DELETE", bearer(token), http.StatusNoContent, "")

			service := bearer(s.serviceToken(t, "billing"))
			if app.forPeople {
				says("GET", service, http.StatusForbidden, "not_a_user")
			} else {
				says("GET", service, http.StatusOK, `"client_id":"billing"`)
			}
			s.authctl.run(t, "token", "revoke-all", "--everyone", "--yes")
			says("GET", bearer(token), http.StatusOK, "alice") // until it expires
			if app.askedAtOnce {
				says("DELETE", bearer(token), http.StatusUnauthorized, "session_revoked")
			}
			s.authctl.kill(t)
			says("GET", bearer(token), http.StatusOK, "alice")
			if app.askedAtOnce {
				says("DELETE", bearer(token), http.StatusBadGateway, `{"code":"unavailable"}`) // of the server before authctl
			}
		})
	}
}

// TestAppThatRendersRefreshesForItsUsers is about Next.js: the server refreshes before it renders.
func TestAppThatRendersRefreshesForItsUsers(t *testing.T) {
	t.Parallel()
	s := newSite(t, nextApp)
	c := s.visitor(t)
	page := func(status int, want string) {
		t.Helper()
		if got := call(t, c, "GET", s.url+"/", "", nil, status); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	call(t, c, "GET", s.url+"/signin.html", "", nil, http.StatusOK)
	page(http.StatusTemporaryRedirect, "")
	call(t, c, "DELETE", s.url+"/orders", "", nil, http.StatusUnauthorized)
	s.signIn(t, c, "alice")
	asksForAPassword(t, s, http.StatusOK, "Signed in as alice.")
	page(http.StatusOK, "Signed in as alice.")
	call(t, c, "DELETE", s.url+"/orders", "", nil, http.StatusForbidden)
	s.authctl.run(t, "user", "set", "alice", "--role", "admin")
	s.drop(c, "access_token")
	call(t, c, "DELETE", s.url+"/orders", "", nil, http.StatusNoContent) // with the token of a refresh
	call(t, c, "DELETE", s.url+"/orders", "", http.Header{"Sec-Fetch-Site": {"cross-site"}}, http.StatusForbidden)
	call(t, c, "DELETE", s.url+"/orders", "", elsewhere, http.StatusForbidden)
	call(t, c, "DELETE", s.url+"/orders", "", http.Header{"Origin": {s.url}}, http.StatusNoContent)

	// An access token that has expired, with its cookie or without, and many requests at once.
	at, _ := url.Parse(s.url)
	for _, access := range []string{s.signedInAnHourAgo(t, "alice").AccessToken, forgedEnd(s.cookie(t, c, "access_token")), ""} {
		c.Jar.SetCookies(at, []*http.Cookie{{Name: "access_token", Value: access, Path: "/", MaxAge: min(len(access), 900) - 1}})
		before, refresh := s.refreshes.Load(), s.cookie(t, c, "refresh_token")
		done := make(chan string)
		for range 20 {
			go func() {
				resp, err := c.Get(s.url + "/")
				if err != nil {
					done <- err.Error()
					return
				}
				resp.Body.Close()
				done <- resp.Status
			}()
		}
		for range 20 {
			if got := <-done; got != "200 OK" {
				t.Errorf("got %s", got)
			}
		}
		if n := s.refreshes.Load() - before; n != 1 {
			t.Errorf("the server refreshed %d times, want once", n)
		}
		if s.cookie(t, c, "refresh_token") == refresh {
			t.Error("the browser did not get the new refresh token")
		}
		call(t, c, "GET", s.url+"/profile", "", nil, http.StatusOK)
	}
	call(t, c, "POST", s.url+"/refresh", "", nil, http.StatusOK) // the browser has the current token
	if sessions := s.authctl.run(t, "token", "list", "-o", "json"); strings.Count(sessions, clientAddr) < 1 {
		t.Errorf("authctl does not know the client's address: %s", sessions)
	}

	refresh := s.cookie(t, c, "refresh_token")
	s.authctl.run(t, "token", "revoke-all", "--everyone", "--yes")
	page(http.StatusOK, "alice") // until the token expires
	s.drop(c, "access_token")
	page(http.StatusTemporaryRedirect, "")
	if s.cookie(t, c, "refresh_token") != "" {
		t.Error("the browser keeps a refresh token that authctl has refused")
	}
	c.Jar.SetCookies(at, []*http.Cookie{{Name: "refresh_token", Value: refresh, Path: "/"}})
	s.authctl.kill(t)
	page(http.StatusServiceUnavailable, "try again")
	if s.cookie(t, c, "refresh_token") != refresh {
		t.Error("an outage has signed the user out")
	}
}

// TestAppBehindAProxyThatAsks is about Flask behind nginx.
func TestAppBehindAProxyThatAsks(t *testing.T) {
	t.Parallel()
	s := newSite(t, flaskApp)
	c := s.visitor(t)
	home := func(header http.Header, status int, want string) {
		t.Helper()
		if got := call(t, c, "GET", s.url+"/", "", header, status); !strings.Contains(got, want) || strings.Contains(got, "root") {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	forged := http.Header{"X-Auth-User-Id": {"root"}, "X-Auth-Username": {"root"}, "X-Auth-Session-Id": {"root"}, "X-Auth-Roles": {"admin"},
		"X_Auth_User_Id": {"root"}, "Connection": {"X-Auth-User-Id, X-Auth-Roles"}}
	wipe := func(header http.Header, status int) {
		t.Helper()
		call(t, c, "DELETE", s.url+"/orders", "", header, status)
	}
	home(forged, http.StatusUnauthorized, "<form")
	wipe(forged, http.StatusUnauthorized)
	s.signIn(t, s.visitor(t), "alice")
	asksForAPassword(t, s, http.StatusUnauthorized, "apples")
	s.signIn(t, c, "Zoë")
	home(forged, http.StatusOK, `Zo\u00eb`)
	wipe(forged, http.StatusForbidden)
	s.authctl.run(t, "user", "set", "Zoë", "--role", "admin,editor")
	wipe(nil, http.StatusUnauthorized)
	call(t, c, "POST", s.url+"/refresh", "", nil, http.StatusOK)
	wipe(http.Header{"Sec-Fetch-Site": {"cross-site"}}, http.StatusForbidden)
	wipe(elsewhere, http.StatusForbidden)
	wipe(http.Header{"Origin": {s.url}}, http.StatusNoContent)
	wipe(nil, http.StatusNoContent)
	home(http.Header{"Authorization": {"Bearer " + s.serviceToken(t, "billing")}}, http.StatusUnauthorized, "Unauthorized") // of Flask
	home(http.Header{"Authorization": {"Bearer " + s.signedInAnHourAgo(t, "Zoë").AccessToken}}, http.StatusUnauthorized, "<form")
	call(t, &http.Client{}, "GET", "http://"+s.addr+"/", "", nil, http.StatusUnauthorized) // past the proxy, without its headers
	s.authctl.run(t, "token", "revoke-all", "--everyone", "--yes")
	home(nil, http.StatusUnauthorized, "<form")
	s.authctl.kill(t)
	home(nil, http.StatusServiceUnavailable, "")
}
