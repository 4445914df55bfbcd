package server_test

import (
	"net/http"
	"testing"

	"github.com/authctl/authctl/server"
)

const strictTransport = "Strict-Transport-Security"

func overHTTPS(hsts string) func(*setup) {
	return func(s *setup) { s.server.PublicURL, s.server.HSTS = "https://app.example", hsts }
}

func TestHSTSBindsTheHostsThatTheOperatorChose(t *testing.T) {
	t.Parallel()
	f := start(t, overHTTPS(""))
	for _, tt := range []struct{ setting, want string }{
		{"", "max-age=63072000"},
		{server.HSTSOff, ""},
		{server.HSTSSubdomains, "max-age=63072000; includeSubDomains"},
		{server.HSTSHost, "max-age=63072000"},
	} {
		if err := f.srv.Reconfigure(server.Config{HSTS: tt.setting}); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/healthz", "/profile", "/nothing"} {
			if got := f.send(request{method: "GET", path: path}).header.Get(strictTransport); got != tt.want {
				t.Errorf("%q, %s: got %q, want %q", tt.setting, path, got, tt.want)
			}
		}
	}
	wrong := server.Config{HSTS: "on"}
	if wrong.Check() == nil || f.srv.Reconfigure(wrong) == nil {
		t.Error("a value that is none is taken")
	}
}

func TestPlainHTTPHasNoHSTS(t *testing.T) {
	t.Parallel()
	f := start(t, func(s *setup) { s.server.HSTS = server.HSTSSubdomains })
	if got := f.send(request{method: "GET", path: "/healthz"}).header.Get(strictTransport); got != "" {
		t.Errorf("got %q", got)
	}
}

// TestNoAnswerOfVerifyHasHSTS: a proxy passes a refusal of /verify on to the browser as an
// answer of the application's origin.
func TestNoAnswerOfVerifyHasHSTS(t *testing.T) {
	t.Parallel()
	f := start(t, overHTTPS(server.HSTSSubdomains))
	blind := start(t, overHTTPS(server.HSTSSubdomains), func(s *setup) { s.blind = true })
	access := f.signedIn("alice").cookies["access_token"]
	for _, tt := range []struct {
		asked  *fixture
		method string
		path   string
		token  string
		want   int
	}{
		{f, "GET", "/verify", access, http.StatusOK},
		{f, "POST", "/verify/shop", access, http.StatusOK},
		{f, "GET", "/verify", "", http.StatusUnauthorized},
		{f, "DELETE", "/verify/shop", "x", http.StatusUnauthorized},
		{f, "TRACE", "/verify", "x", http.StatusMethodNotAllowed},
		{blind, "GET", "/verify", access, http.StatusServiceUnavailable},
		{blind, "GET", "/verify/", access, http.StatusServiceUnavailable},
	} {
		a := tt.asked.send(request{method: tt.method, path: tt.path, cookies: "access_token=" + tt.token})
		if a.status != tt.want || a.header.Get(strictTransport) != "" {
			t.Errorf("%s %s: got %s, want %d without HSTS", tt.method, tt.path, a, tt.want)
		}
	}
}
