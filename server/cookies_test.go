package server_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/authctl/authctl/server"
)

func TestCookiesAreSetAndClearedWithTheSameAttributes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		config server.Config
		want   string // attributes after Max-Age
		prefix string
	}{
		"defaults":        {server.Config{}, "HttpOnly; SameSite=Lax", ""},
		"secure":          {server.Config{CookieSecure: "true"}, "HttpOnly; Secure; SameSite=Lax", ""},
		"https public":    {server.Config{PublicURL: "https://auth.example"}, "HttpOnly; Secure; SameSite=Lax", ""},
		"http public":     {server.Config{PublicURL: "http://auth.example"}, "HttpOnly; SameSite=Lax", ""},
		"never secure":    {server.Config{PublicURL: "https://auth.example", CookieSecure: "false"}, "HttpOnly; SameSite=Lax", ""},
		"strict":          {server.Config{CookieSameSite: "strict"}, "HttpOnly; SameSite=Strict", ""},
		"none is secure":  {server.Config{CookieSameSite: "none"}, "HttpOnly; Secure; SameSite=None", ""},
		"a domain":        {server.Config{CookieDomain: "example.org"}, "HttpOnly; SameSite=Lax", ""},
		"the host prefix": {server.Config{CookieHostPrefix: true}, "HttpOnly; Secure; SameSite=Lax", "__Host-"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, func(s *setup) {
				tt.config.ShutdownTimeout = s.server.ShutdownTimeout
				s.server = tt.config
			})
			path, elsewhere := "; Path=/", func(string) []string { return nil }
			if tt.config.CookieDomain != "" {
				path += "; Domain=" + tt.config.CookieDomain
				elsewhere = func(name string) []string { return []string{name + "=; Path=/; Max-Age=0; " + tt.want} }
			}
			b := f.signedIn("alice")
			login := b.post("/login", account("alice", password))
			access, refresh := tt.prefix+"access_token", tt.prefix+"refresh_token"
			want := append(append(elsewhere(access), elsewhere(refresh)...),
				access+"="+b.cookies[access]+path+"; Max-Age=900; "+tt.want,
				refresh+"="+b.cookies[refresh]+path+"; Max-Age=604800; "+tt.want,
			)
			if got := login.header["Set-Cookie"]; strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("login sets\n%q, want\n%q", got, want)
			}
			b.get("/profile").want(t, http.StatusOK)
			b.post("/refresh", "").want(t, http.StatusOK)
			logout := b.post("/logout", "")
			want = append([]string{access + "=" + path + "; Max-Age=0; " + tt.want}, elsewhere(access)...)
			want = append(append(want, refresh+"="+path+"; Max-Age=0; "+tt.want), elsewhere(refresh)...)
			if got := logout.header["Set-Cookie"]; strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("logout sets\n%q, want\n%q", got, want)
			}
		})
	}
}

func TestAConfigurationThatContradictsItselfIsRefused(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, config := range map[string]server.Config{
		"prefix and domain":     {CookieHostPrefix: true, CookieDomain: "example.org"},
		"prefix without secure": {CookieHostPrefix: true, CookieSecure: "false"},
		"none without secure":   {CookieSameSite: "none", CookieSecure: "false"},
		"unknown same-site":     {CookieSameSite: "Lax"},
		"unknown secure":        {CookieSecure: "yes"},
		"bad domain":            {CookieDomain: "exa mple"},
		"bad previous domain":   {CookiePreviousDomains: []string{"exa mple"}},
		"no previous domain":    {CookiePreviousDomains: []string{""}},
		"previous is current":   {CookieDomain: "example.org", CookiePreviousDomains: []string{".Example.org"}},
		"wildcard origin":       {TrustedOrigins: []string{"*"}},
		"null origin":           {TrustedOrigins: []string{"null"}},
		"origin with a path":    {TrustedOrigins: []string{"https://a.example/"}},
		"public URL":            {PublicURL: "auth.example"},
	} {
		if _, err := server.New(config, f.svc, f.store, zerolog.Nop()); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestHTTPSIsBelievedFromTheConnectionOrATrustedProxy(t *testing.T) {
	t.Parallel()
	f := start(t, func(s *setup) { s.server.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	for name, tt := range map[string]struct {
		peer, proto string
		tls         bool
		want        bool
	}{
		"plain":                  {peer: "192.0.2.1:1"},
		"TLS":                    {peer: "192.0.2.1:1", tls: true, want: true},
		"anybody's word":         {peer: "192.0.2.1:1", proto: "https"},
		"a proxy's word":         {peer: "10.0.0.1:1", proto: "https", want: true},
		"a proxy's list":         {peer: "10.0.0.1:1", proto: "https, http", want: true},
		"a proxy saying http":    {peer: "10.0.0.1:1", proto: "http"},
		"a proxy saying garbage": {peer: "10.0.0.1:1", proto: "httpsx"},
		"a proxy saying nothing": {peer: "10.0.0.1:1"},
	} {
		r := httptest.NewRequest("POST", "/logout", nil)
		r.Header.Set("Cookie", "refresh_token=a")
		r.RemoteAddr = tt.peer
		if tt.proto != "" {
			r.Header.Set("X-Forwarded-Proto", tt.proto)
		}
		if tt.tls {
			r.TLS = &tls.ConnectionState{}
		}
		a := f.serve(f.srv.Handler(), r).want(t, http.StatusOK)
		if got := setCookies(a)[0].Secure; got != tt.want {
			t.Errorf("%s: secure is %t, want %t", name, got, tt.want)
		}
		if got := a.header.Get("Strict-Transport-Security") != ""; got != tt.want {
			t.Errorf("%s: HSTS is %t, want %t", name, got, tt.want)
		}
	}
}
