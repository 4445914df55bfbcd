package server_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

func otherOrigins(t *testing.T) {
	f := start(t, func(s *setup) {
		s.server.PublicURL = "https://auth.example:443/"
		s.server.TrustedOrigins = []string{"https://app.example"}
	})
	own := "http://" + f.addr
	for _, tt := range []struct {
		name   string
		header map[string]string
		denied bool
	}{
		{"cross-site", map[string]string{"Sec-Fetch-Site": "cross-site"}, true},
		{"same-site", map[string]string{"Sec-Fetch-Site": "same-site"}, true},
		{"garbage", map[string]string{"Sec-Fetch-Site": "garbage"}, true},
		{"null origin", map[string]string{"Origin": "null"}, true},
		{"foreign origin", map[string]string{"Origin": "https://evil.example"}, true},
		{"own origin, another scheme", map[string]string{"Origin": "https://" + f.addr, "Sec-Fetch-Site": "cross-site"}, true},
		{"own origin, another port", map[string]string{"Origin": "http://127.0.0.1:1"}, true},
		{"suffix origin", map[string]string{"Origin": own + ".evil.example"}, true},
		{"cross-site with own origin", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": own}, true},
		{"http twin of a trusted origin", map[string]string{"Origin": "http://app.example"}, true},
		{"suffix of a trusted origin", map[string]string{"Origin": "https://app.example.evil.example"}, true},
		{"no headers", nil, false},
		{"same-origin", map[string]string{"Sec-Fetch-Site": "same-origin"}, false},
		{"typed in", map[string]string{"Sec-Fetch-Site": "none"}, false},
		{"own origin", map[string]string{"Origin": own}, false},
		{"trusted origin", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example"}, false},
		{"public URL behind a proxy", map[string]string{"Origin": "https://auth.example"}, false},
	} {
		b := f.browser()
		b.cookies["refresh_token"] = "kept"
		for _, path := range slices.Concat(openPosts, ownPosts, []string{"/token", server.VerifyPagePath, server.ResetPagePath}) {
			hashes := f.svc.HashStats().Run
			a := b.send(request{method: "POST", path: path, body: account("nobody", "x"), header: tt.header})
			if got := a.status == http.StatusForbidden; got != tt.denied {
				t.Errorf("%s to %s: got %s, want it denied: %t", tt.name, path, a, tt.denied)
			}
			if tt.denied && (a.code() != "cross_origin" || len(setCookies(a)) != 0 || f.svc.HashStats().Run != hashes) {
				t.Errorf("%s to %s: got %s", tt.name, path, a)
			}
		}
		if a := f.send(request{method: "GET", path: "/healthz", header: tt.header}); a.status != http.StatusOK {
			t.Errorf("%s: a safe request got %s", tt.name, a)
		}
	}
}

func crossOriginBody(t *testing.T) {
	f := start(t)
	twice := f.raw(t, "POST /logout HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	twice.want(t, http.StatusForbidden, "cross_origin") // the first counts
	a := f.raw(t, "POST /login HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: cross-site\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\n")
	if a.want(t, http.StatusForbidden, "cross_origin").header.Get("Connection") != "close" {
		t.Error("the connection waits for the body")
	}
}

func TestTrustedOriginsChangeWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	f := start(t)
	login := func() answer {
		return f.send(request{method: "POST", path: "/login", body: account("alice", password), header: map[string]string{"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"}})
	}
	login().want(t, http.StatusForbidden, "cross_origin")
	if err := f.srv.Reconfigure(server.Config{TrustedOrigins: []string{"https://shop.example"}}); err != nil {
		t.Fatal(err)
	}
	login().want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
	if err := f.srv.Reconfigure(server.Config{TrustedOrigins: []string{"shop"}}); err == nil {
		t.Error("an origin that is none is taken")
	}
	login().want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
	if err := f.srv.Reconfigure(server.Config{}); err != nil {
		t.Fatal(err)
	}
	login().want(t, http.StatusForbidden, "cross_origin")
}
