package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

func allowing(origins ...string) func(*setup) {
	return func(s *setup) { s.server.AllowedOrigins = origins }
}

// TestOnlyPagesOfAllowedOriginsMayCall checks what a browser would allow scripts to do.
func TestOnlyPagesOfAllowedOriginsMayCall(t *testing.T) {
	t.Parallel()
	f := start(t, allowing("https://good.example", "https://*.shop.example", "https://app.example:8443", "http://localhost:3000"))
	f.signedIn("alice")
	for origin, allowed := range map[string]bool{
		"https://good.example":              true,
		"https://a.shop.example":            true,
		"https://a.b-c.shop.example":        true,
		"https://app.example:8443":          true,
		"http://localhost:3000":             true,
		"https://good.example.evil":         false,
		"https://evilgood.example":          false,
		"http://good.example":               false,
		"https://good.example:444":          false,
		"https://good.example.":             false,
		"https://GOOD.example":              false,
		"https://shop.example":              false,
		"https://.shop.example":             false,
		"https://evilshop.example":          false,
		"https://a.shop.example.evil":       false,
		"https://a.shop.example:8443":       false,
		"https://evil/.shop.example":        false,
		"https://evil:1@x.shop.example":     false,
		"https://evil#.shop.example":        false,
		"http://a.shop.example":             false,
		"https://app.example":               false,
		"http://localhost":                  false,
		"null":                              false,
		"*":                                 false,
		"https://*.shop.example":            false,
		"https://good.example, https://x.y": false,
		"":                                  false,
	} {
		header := map[string]string{"Origin": origin, "Sec-Fetch-Site": "cross-site"}
		for _, r := range []request{
			{method: "POST", path: "/login", body: account("alice", password), header: header},
			{method: "GET", path: "/healthz", header: header},
		} {
			a := f.send(r)
			granted, credentials := a.header.Get("Access-Control-Allow-Origin"), a.header.Get("Access-Control-Allow-Credentials")
			if allowed && (a.status != http.StatusOK || granted != origin || credentials != "true") {
				t.Errorf("%s from %q: got %s", r.path, origin, a)
			}
			if !allowed && (granted != "" || credentials != "" || (r.method == "POST" && a.status != http.StatusForbidden)) {
				t.Errorf("%s from %q: got %s", r.path, origin, a)
			}
			if !strings.Contains(strings.Join(a.header.Values("Vary"), ","), "Origin") {
				t.Errorf("%s from %q: Vary is %q", r.path, origin, a.header.Values("Vary"))
			}
		}
		preflight := f.send(request{method: "OPTIONS", path: "/login", header: map[string]string{
			"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}})
		if got := preflight.header.Get("Access-Control-Allow-Origin") == origin && origin != ""; got != allowed || preflight.status != http.StatusNoContent {
			t.Errorf("preflight from %q: got %s", origin, preflight)
		}
		if allowed && (preflight.header.Get("Access-Control-Max-Age") != "7200" || preflight.header.Get("Access-Control-Allow-Methods") != "POST" ||
			preflight.header.Get("Access-Control-Allow-Headers") != "content-type" || preflight.header.Get("Access-Control-Allow-Credentials") != "true") {
			t.Errorf("preflight from %q: got %s", origin, preflight)
		}
	}
}

func TestPreflightsForWhatNobodyMayDoAreNotGranted(t *testing.T) {
	t.Parallel()
	f := start(t, allowing("https://good.example"))
	for name, header := range map[string]map[string]string{
		"another method":  {"Access-Control-Request-Method": "PATCH"},
		"another header":  {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-evil"},
		"a flood":         {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": strings.Repeat(",", 12_000)},
		"a wildcard":      {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "*"},
		"private network": {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Private-Network": "true"},
	} {
		header["Origin"] = "https://good.example"
		if a := f.send(request{method: "OPTIONS", path: "/login", header: header}); a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: got %s", name, a)
		}
	}
	if a := f.raw(t, "GET /healthz HTTP/1.1\r\nHost: x\r\nOrigin: https://good.example\r\nOrigin: https://evil.example\r\nConnection: close\r\n\r\n"); len(a.header.Values("Access-Control-Allow-Origin")) != 0 {
		t.Errorf("two origins: got %s", a)
	}
}

// TestAPreflightAtVerifyIsNoPermission: Envoy and similar proxies query /verify with the
// method and the headers of the client's request.
func TestAPreflightAtVerifyIsNoPermission(t *testing.T) {
	t.Parallel()
	f := start(t, allowing("https://good.example"))
	for _, path := range []string{"/verify", "/verify/", "/verify/login"} {
		f.send(request{method: "OPTIONS", path: path, header: map[string]string{"Origin": "https://good.example", "Access-Control-Request-Method": "POST"}}).
			want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
	}
}

func TestCORSIsOffByDefault(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.send(request{method: "OPTIONS", path: "/login", header: map[string]string{"Origin": "https://good.example", "Access-Control-Request-Method": "POST"}}).
		want(t, http.StatusMethodNotAllowed, "method_not_allowed")
	if a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("got %s", a)
	}
	if err := f.srv.Reconfigure(server.Config{AllowedOrigins: []string{"https://good.example"}}); err != nil {
		t.Fatal(err)
	}
	if a := f.send(request{method: "GET", path: "/healthz", header: map[string]string{"Origin": "https://good.example"}}); a.header.Get("Access-Control-Allow-Origin") != "https://good.example" {
		t.Errorf("got %s after it was turned on", a)
	}
}

func TestOriginsThatCannotBeAllowedAreRefused(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{
		"*", "null", "", "good.example", "https://", "https://*", "https://*.", "https://*.com", "https://*.co.", "https://a.*.example.com", "https://good.*",
		"https://*.*.example.com", "http://*.example.com", "http://good.example", "https://Good.example", "https://good.example/", "https://good.example:443",
		"https://u:p@good.example", "https://good.example?x", "http://127.evil.example", "file://x", "https://*example.com",
	} {
		if err := server.CheckAllowedOrigin(origin); err == nil {
			t.Errorf("%q is taken", origin)
		}
		if err := (server.Config{AllowedOrigins: []string{origin}}).Check(); err == nil || !strings.Contains(err.Error(), origin) {
			t.Errorf("%q: got %v", origin, err)
		}
	}
	if !slices.ContainsFunc([]string{"https://*.example.com:8443"}, func(s string) bool { return server.CheckAllowedOrigin(s) == nil }) {
		t.Error("a port beside a wildcard is refused")
	}
}
