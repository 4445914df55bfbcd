package cmd_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// proxy is a reverse proxy that runs with its configuration from docs/forward-auth.md.
type proxy struct {
	name     string // of the program, and of the mark before its configuration
	conf     func(block, address, dir string) string
	args     []string
	odd      bool // it drops header names with signs that neither CGI nor WSGI mistake
	connects bool // a client cannot name authctl's headers in Connection
	away     int  // status without authctl
}

var proxies = []proxy{
	{name: "nginx", conf: nginxConf, args: []string{"-c"}, odd: true, connects: true, away: http.StatusServiceUnavailable},
	{name: "caddy", conf: caddyConf, args: []string{"run", "--adapter", "caddyfile", "--config"}, away: http.StatusBadGateway},
}

// TestForwardAuth runs the configurations of docs/forward-auth.md in front of a
// backend that says which headers reached it.
func TestForwardAuth(t *testing.T) {
	t.Parallel()
	for _, p := range proxies {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			testForwardAuth(t, p)
		})
	}
}

func testForwardAuth(t *testing.T, p proxy) {
	binary, err := p.find()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	var reached atomic.Int64
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		json.NewEncoder(w).Encode(r.Header)
	}))
	defer backend.Close()
	dir := t.TempDir()
	authctl := startServe(t, dir, "AUTHCTL_SERVER_PUBLIC_URL=http://localhost:8000", "AUTHCTL_JWT_ALGORITHM=EdDSA")
	site := p.start(t, binary, dir, map[string]string{
		"127.0.0.1:8000": strings.TrimPrefix(authctl.url, "http://"),
		"127.0.0.1:9999": strings.TrimPrefix(backend.URL, "http://"),
	})
	jar, _ := cookiejar.New(nil) // never fails
	client, stranger := &http.Client{Jar: jar}, &http.Client{}

	const account = `{"username":"Zoë","password":"a password for scripts"}`
	call(t, client, "POST", site+"/register", account, nil, http.StatusCreated)
	call(t, client, "POST", site+"/login", account, nil, http.StatusOK)
	for _, path := range []string{"/verify-email", "/reset-password"} {
		call(t, stranger, "GET", site+path, "", nil, http.StatusOK)
	}
	for _, document := range []string{"jwks.json", "openid-configuration", "oauth-authorization-server"} {
		if body := call(t, stranger, "GET", site+"/.well-known/"+document, "", nil, http.StatusOK); !strings.Contains(body, `"keys":`) && !strings.Contains(body, `"jwks_uri":`) {
			t.Errorf("%s: got %s", document, body)
		}
	}
	for _, path := range []string{"/authctl.js", "/authctl.0123456789abcdef.js", "/authctl.d.ts"} {
		if body := call(t, stranger, "GET", site+path, "", nil, http.StatusOK); !strings.Contains(body, "onSignedOut") {
			t.Errorf("%s: got %s", path, body)
		}
	}
	call(t, client, "GET", site+"/email/verify", "", nil, http.StatusMethodNotAllowed)
	call(t, client, "POST", site+"/password/reset", `{"token":"x","new_password":"a password for scripts"}`, nil, http.StatusBadRequest)
	if n := reached.Load(); n != 0 {
		t.Errorf("%d requests for authctl reached the backend", n)
	}
	userID, sessionID := whoIs(t, client, site)
	forged := http.Header{
		"X-Auth-User-Id": {"root", "admin"}, "x-auth-username": {"root"}, "X-Auth-Session-Id": {"root"},
		"X-Auth-Roles": {"root", "admin"}, "X-Auth-Client": {"root"}, "X_Auth_Roles": {"root"}, "X_Auth_Client": {"root"}, "X_Auth_User_Id": {"root"}, "X_auth_username": {"root"}, "X-Auth_User-Id": {"root"}, "X.Auth.User.Id": {"root"},
	}
	if p.odd {
		forged["X!Auth!User!Id"] = []string{"root"}
	}
	trick := forged.Clone()
	trick.Set("Connection", "X-Auth-User-Id, X-Auth-Username, X-Auth-Roles, X-Auth-Client")
	if seen := call(t, client, "GET", site+"/", "", trick, http.StatusOK); strings.Contains(seen, "root") || strings.Contains(seen, "admin") {
		t.Errorf("forged headers reached the backend: %s", seen)
	}
	if p.connects {
		forged = trick
	}
	for _, method := range []string{"GET", "POST", "DELETE"} {
		seen := call(t, client, method, site+"/any/path", "a body", forged, http.StatusOK)
		if strings.Contains(seen, "root") || strings.Contains(seen, "admin") {
			t.Errorf("%s: forged headers reached the backend: %s", method, seen)
		}
		var header http.Header
		if err := json.Unmarshal([]byte(seen), &header); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"X-Auth-Username": "Zo%C3%AB", "X-Auth-User-Id": userID, "X-Auth-Session-Id": sessionID} {
			if got := header.Values(name); !slices.Equal(got, []string{want}) {
				t.Errorf("%s: the backend got the %s %q, want %q", method, name, got, want)
			}
		}
	}
	testRoles(t, client, authctl, site, forged)
	testClient(t, stranger, authctl, site, forged)
	passed := reached.Load()
	call(t, stranger, "GET", site+"/.well-known/security.txt", "", nil, http.StatusUnauthorized) // is the application's
	for _, header := range []http.Header{nil, forged, {"Authorization": {"Bearer x"}}, {"Cookie": {"access_token=x"}}} {
		call(t, stranger, "GET", site+"/", "", header, http.StatusUnauthorized)
	}
	if challenges := answerHeader(t, stranger, site).Values("WWW-Authenticate"); len(challenges) != 1 {
		t.Errorf("got the challenges %q, want one", challenges)
	}
	authctl.run(t, "token", "revoke-all", "--everyone", "--yes")
	call(t, client, "GET", site+"/", "", forged, http.StatusUnauthorized)
	if n := reached.Load(); n != passed {
		t.Errorf("%d requests reached the backend that must not", n-passed)
	}
	call(t, client, "POST", site+"/login", account, nil, http.StatusOK)
	call(t, client, "GET", site+"/", "", nil, http.StatusOK)
	passed = reached.Load()
	authctl.kill(t)
	call(t, client, "GET", site+"/", "", forged, p.away)
	if p.away == http.StatusServiceUnavailable && answerHeader(t, client, site).Get("Retry-After") == "" {
		t.Error("a 503 has no Retry-After")
	}
	if n := reached.Load(); n != passed {
		t.Errorf("%d requests reached the backend without authctl", n-passed)
	}
}

// testRoles checks that only who has the role admin gets below /admin, whatever the client sends, and
// that the backend hears of the roles that authctl knows.
func testRoles(t *testing.T, c *http.Client, authctl *process, site string, forged http.Header) {
	t.Helper()
	for _, path := range []string{"/admin", "/admin/", "/admin/x?role=editor", "/admin/?a=b&role=x!", "/%61dmin/x", "//admin/x", "/x/../admin/x"} {
		call(t, c, "GET", site+path, "", forged, http.StatusForbidden)
	}
	for _, path := range []string{"/?role=admin", "/any/path?role=x!&role=admin", "/administration"} { // parameters of the application's own
		call(t, c, "GET", site+path, "", forged, http.StatusOK)
	}
	many := "admin,editor" // with the claim, the longest cookie
	for i := range 4 {
		many += fmt.Sprintf(",r%058d", i)
	}
	authctl.run(t, "user", "set", "Zoë", "--role", many, "--claim", "big="+strings.Repeat("x", 1815))
	for _, path := range []string{"/admin/x", "/"} {
		call(t, c, "GET", site+path, "", forged, http.StatusUnauthorized)
	}
	longest := http.Header{"X-Request-Id": {strings.Repeat("x", 64)}} // it comes back
	call(t, c, "POST", site+"/refresh", "", longest, http.StatusOK)
	for _, path := range []string{"/admin", "/admin/x?role=owner", "/?role=owner"} {
		var header http.Header
		if err := json.Unmarshal([]byte(call(t, c, "GET", site+path, "", nil, http.StatusOK)), &header); err != nil {
			t.Fatal(err)
		}
		if got := header.Values("X-Auth-Roles"); !slices.Equal(got, []string{many}) {
			t.Errorf("%s: the backend got the roles %q", path, got)
		}
	}
	authctl.run(t, "user", "set", "Zoë", "--unrole", many, "--unclaim", "big")
	call(t, c, "POST", site+"/refresh", "", nil, http.StatusOK)
	call(t, c, "GET", site+"/admin/x", "", forged, http.StatusForbidden)
}

// testClient checks that a service account gets its token through the proxy, and that the backend
// hears of the account and of no user, whatever the client sends.
func testClient(t *testing.T, c *http.Client, authctl *process, site string, forged http.Header) {
	t.Helper()
	secret := strings.TrimSpace(authctl.run(t, "client", "create", "billing", "--role", "admin"))
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	var grant struct {
		AccessToken string `json:"access_token"`
	}
	body := "grant_type=client_credentials&client_id=billing&client_secret=" + secret
	if err := json.Unmarshal([]byte(call(t, c, "POST", site+"/token", body, form, http.StatusOK)), &grant); err != nil {
		t.Fatal(err)
	}
	header := forged.Clone()
	header.Set("Authorization", "Bearer "+grant.AccessToken)
	for _, path := range []string{"/", "/admin/x"} {
		seen := call(t, c, "GET", site+path, "", header, http.StatusOK)
		var got http.Header
		if err := json.Unmarshal([]byte(seen), &got); err != nil {
			t.Fatal(err)
		}
		if got.Get("X-Auth-Client") != "billing" || got.Get("X-Auth-Roles") != "admin" || got.Get("X-Auth-User-Id")+got.Get("X-Auth-Username")+got.Get("X-Auth-Session-Id") != "" || strings.Contains(seen, "root") {
			t.Errorf("%s: the backend got %s", path, seen)
		}
	}
}

// whoIs queries authctl, through the proxy, for the user and the session of a client.
func whoIs(t *testing.T, c *http.Client, site string) (userID, sessionID string) {
	t.Helper()
	for path, id := range map[string]*string{"/profile": &userID, "/sessions": &sessionID} {
		var answer struct {
			ID       string `json:"id"`
			Sessions []struct {
				ID string `json:"session_id"`
			} `json:"sessions"`
		}
		body := call(t, c, "GET", site+path, "", nil, http.StatusOK)
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		*id = answer.ID
		if len(answer.Sessions) == 1 {
			*id = answer.Sessions[0].ID
		}
		if len(*id) != 36 {
			t.Fatalf("%s: got %s", path, body)
		}
	}
	return userID, sessionID
}

// answerHeader returns the header of the answer to a request for the site's root.
func answerHeader(t *testing.T, c *http.Client, site string) http.Header {
	t.Helper()
	resp, err := c.Get(site + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.Header
}
