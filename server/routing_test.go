package server_test

import (
	"net/http"
	"strings"
	"testing"
)

var endpoints = map[string]string{
	"/register": "POST", "/login": "POST", "/logout": "POST", "/refresh": "POST",
	"/password/change": "POST", "/password/forgot": "POST", "/password/reset": "POST",
	"/email/change": "POST", "/email/resend": "POST", "/email/verify": "POST",
	"/verify-email": "GET, HEAD, POST", "/reset-password": "GET, HEAD, POST",
	"/profile": "DELETE, GET, HEAD", "/healthz": "GET, HEAD", "/readyz": "GET, HEAD", "/openapi.json": "GET, HEAD",
	"/.well-known/jwks.json": "GET, HEAD", "/.well-known/openid-configuration": "GET, HEAD",
	"/.well-known/oauth-authorization-server": "GET, HEAD",
	"/authctl.js": "GET, HEAD", "/authctl.0123456789abcdef.js": "GET, HEAD", "/authctl.d.ts": "GET, HEAD",
	"/verify": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT", "/verify/x": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
	"/sessions": "DELETE, GET, HEAD", "/sessions/0b7e3c52-6f0d-4a55-9f0c-2f6f0f1c9a11": "DELETE",
}

func everyOtherMethod(t *testing.T) {
	f := start(t)
	for path, taken := range endpoints {
		for _, method := range []string{
			"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY", "FOO", "get", "post",
		} {
			if strings.Contains(taken, method) {
				continue
			}
			var a answer
			switch method {
			case "CONNECT": // net/http's client makes something else of it
				a = f.raw(t, method+" "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
			default:
				a = f.send(request{method: method, path: path})
			}
			if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != taken {
				t.Errorf("%s %s: got %s, want 405 with Allow: %s", method, path, a, taken)
			}
			if method != "HEAD" && a.code() != "method_not_allowed" {
				t.Errorf("%s %s: the code is %q", method, path, a.code())
			}
		}
	}
	f.untouched(t)
}

func overriddenMethods(t *testing.T) {
	f := start(t)
	header := map[string]string{"X-HTTP-Method-Override": "POST", "X-HTTP-Method": "POST", "X-Method-Override": "POST"}
	f.send(request{method: "GET", path: "/logout?_method=POST", header: header}).want(t, http.StatusMethodNotAllowed)
	f.send(request{method: "GET", path: "/logout", body: "_method=POST", header: header}).want(t, http.StatusMethodNotAllowed)
}

func pathsThatAreNearlyOurs(t *testing.T) {
	f := start(t)
	b := f.signedIn("alice")
	for _, target := range []string{
		"/", "//profile", "/profile/", "/PROFILE", "/./profile", "/x/../profile", "/password", "/password/", "/email", "/email/verify/", "/verify-email/", "/verify-email.html", "/reset-password/x", "/%70rofile", "/profile%2f",
		"/profile%00", "/profile;a=b", "/profile\\", "/profile%20", "/metrics", "/debug/pprof/", "/version",
		"/admin", "/.env", "*", "/favicon.ico", "/profile/..", "/profile/../profile", "/profile%0a", "/profile%5c", "/profile#", "/profile.json", "/..%2fprofile",
	} {
		for _, method := range []string{"GET", "POST", "FOO"} {
			a := f.raw(t, method+" "+target+" HTTP/1.1\r\nHost: "+f.addr+"\r\nCookie: access_token="+b.cookies["access_token"]+
				"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			if target == "*" && a.status == http.StatusBadRequest {
				continue // net/http's own
			}
			if a.status != http.StatusNotFound || a.code() != "not_found" || a.header.Get("X-Frame-Options") != "DENY" {
				t.Errorf("%s %s: got %s, want our 404", method, target, a)
			}
		}
	}
}

func hostsThatAreNotOurs(t *testing.T) {
	f := start(t)
	token := f.signedIn("alice").cookies["access_token"]
	for _, raw := range []string{
		"GET http://evil.example/profile HTTP/1.1\r\nHost: evil.example\r\n",
		"GET http://evil.example/profile HTTP/1.1\r\nHost: other.example\r\n",
		"GET http://user@evil.example:99/profile HTTP/1.1\r\nHost: x\r\n",
		"GET /profile HTTP/1.1\r\nHost: evil.example\r\n",
		"GET /profile?next=//evil.example&callback=evil HTTP/1.1\r\nHost: x\r\nAccept: application/xml\r\nAccept-Language: evil\r\nReferer: http://evil.example/\r\n",
		"GET /profile?redirect=//evil.example HTTP/1.1\r\nHost: x\r\nX-Forwarded-Host: evil.example\r\n" +
			"X-Original-URL: /healthz\r\nX-Rewrite-URL: /healthz\r\nForwarded: host=evil.example\r\nAccept: text/html\r\n" +
			"If-None-Match: *\r\nRange: bytes=0-1\r\n",
	} {
		a := f.raw(t, raw+"Cookie: access_token="+token+"\r\nConnection: close\r\n\r\n").want(t, http.StatusOK)
		if strings.Contains(a.String(), "evil") {
			t.Errorf("the answer reflects the host: %s", a)
		}
		if got := a.header.Get("Content-Type"); got != "application/json; charset=utf-8" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("the answer is %s", a)
		}
	}
}
