package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/authctl/authctl/authn"
)

// TestHostileHTTP sends requests that fail before any endpoint: lines, headers, paths, hosts,
// origins. Many connections are tested with the binary.
func TestHostileHTTP(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]func(*testing.T){
		"every other method":            everyOtherMethod,
		"a method that is overridden":   overriddenMethods,
		"a path that is nearly ours":    pathsThatAreNearlyOurs,
		"a host that is not ours":       hostsThatAreNotOurs,
		"a request that is none":        malformedRequests,
		"a request of two ends":         framings,
		"HTTP of other versions":        olderHTTP,
		"pipelined requests":            pipelinedRequests,
		"slow headers":                  slowHeaders,
		"a page of another origin":      otherOrigins,
		"a body of another origin":      crossOriginBody,
		"a request id of the client":    requestIDsOfTheClient,
		"headers that others obey":      headersThatOthersObey,
		"a condition, a range, a cache": conditions,
		"a preflight of many commas":    preflightFloods,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row(t)
		})
	}
}

// headersThatOthersObey name a user, a path or a hop in other servers. Here they have no
// effect.
func headersThatOthersObey(t *testing.T) {
	f := start(t)
	b := f.signedIn("alice")
	cookies := "access_token=" + b.cookies["access_token"]
	for name, header := range map[string]map[string]string{
		"hop-by-hop cookies":    {"Connection": "Cookie, Authorization, X-Request-Id"},
		"an underscore":         {"X_Forwarded_User": "root", "X_Auth_User_Id": "root"},
		"another path":          {"X-Original-URL": "/healthz", "X-Rewrite-URL": "/healthz", "X-Forwarded-Uri": "/healthz", "X-Forwarded-Prefix": "/x"},
		"another host":          {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example;proto=https"},
		"another scheme":        {"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on", "Front-End-Https": "on"},
		"another user":          {"X-Forwarded-User": "root", "Remote-User": "root", "X-Remote-User": "root", "X-Webauth-User": "root"},
		"a health check":        {"User-Agent": "kube-probe/1.30"},
		"a client certificate":  {"X-SSL-Client-Verify": "SUCCESS", "X-Client-Cert": "root"},
		"a protocol upgrade":    {"Upgrade": "websocket", "Connection": "Upgrade"},
		"a trailer and a proxy": {"Trailer": "Authorization", "Proxy": "http://evil.example", "Proxy-Connection": "close"},
	} {
		t.Run(name, func(t *testing.T) {
			a := f.send(request{method: "GET", path: "/profile", cookies: cookies, header: header}).want(t, http.StatusOK)
			if !strings.Contains(string(a.body), `"alice"`) || strings.Contains(a.String(), "evil") || a.header.Get("Strict-Transport-Security") != "" {
				t.Errorf("got %s", a)
			}
			f.send(request{method: "GET", path: "/profile", header: header}).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
		})
	}
}

func conditions(t *testing.T) {
	f := start(t)
	b := f.signedIn("alice")
	whole := b.get("/profile").want(t, http.StatusOK)
	for name, header := range map[string]map[string]string{
		"if none match":       {"If-None-Match": "*"},
		"if modified":         {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
		"a range":             {"Range": "bytes=0-1"},
		"many ranges":         {"Range": "bytes=" + strings.Repeat("0-,", 2000) + "0-"},
		"only from the cache": {"Cache-Control": "only-if-cached, max-stale"},
		"compressed":          {"Accept-Encoding": "gzip, br"},
		"text/html":           {"Accept": "text/html"},
		"XML":                 {"Accept": "application/xml"},
		"nothing":             {"Accept": "*/*;q=0"},
	} {
		t.Run(name, func(t *testing.T) {
			a := f.send(request{method: "GET", path: "/profile", cookies: "access_token=" + b.cookies["access_token"], header: header}).want(t, http.StatusOK)
			if string(a.body) != string(whole.body) || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("got %s, want all of it and not to be kept", a)
			}
		})
	}
}

// preflightFloods: without allowed origins, no answer has CORS headers.
func preflightFloods(t *testing.T) {
	for name, change := range map[string]func(*setup){"CORS off": func(*setup) {}, "CORS on": allowing("https://good.example")} {
		t.Run(name, func(t *testing.T) {
			f := start(t, change)
			for _, origin := range []string{"https://good.example", "https://evil.example"} {
				a := f.send(request{method: "OPTIONS", path: "/login", header: map[string]string{
					"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": strings.Repeat(",", 16_000),
				}})
				if a.header.Get("Access-Control-Allow-Origin") != "" || a.status != http.StatusMethodNotAllowed && a.status != http.StatusNoContent {
					t.Errorf("%s: got %s", origin, a)
				}
			}
		})
	}
}
