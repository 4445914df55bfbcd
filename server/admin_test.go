package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authctl/authctl/server"
)

func askAdmin(f *fixture, path, host string, site ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.Host = host
	for _, s := range site {
		r.Header.Add("Sec-Fetch-Site", s)
	}
	w := httptest.NewRecorder()
	f.srv.AdminHandler().ServeHTTP(w, r)
	return w
}

func TestTheAdminListenerIsAskedByNamesThatAreKnown(t *testing.T) {
	t.Parallel()
	f := start(t, func(s *setup) { s.server.AdminHosts, s.server.AdminProfiles = []string{"metrics.example"}, true })
	for host, want := range map[string]int{
		"127.0.0.1": 200, "127.0.0.1:9000": 200, "10.1.2.3:9000": 200, "[::1]": 200, "[::1]:9000": 200, "[fe80::1%25eth0]:9000": 200,
		"localhost": 200, "LocalHost:9000": 200, "metrics.example": 200, "Metrics.Example:9000": 200,
		"": 421, "evil.example": 421, "evil.example:9000": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example": 421,
		"evil.metrics.example": 421, "metrics.example.evil.example:9000": 421, "0x7f.1": 421, "2130706433": 421, "localhost@evil.example": 421,
		"[::1].evil.example": 421, "evil.example:127.0.0.1": 421,
	} {
		for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/heap"} {
			if got := askAdmin(f, path, host).Code; got != want {
				t.Errorf("%s by %q: got %d, want %d", path, host, got, want)
			}
		}
	}
}

func TestPagesOfOtherOriginsDoNotAskTheAdminListener(t *testing.T) {
	t.Parallel()
	f := start(t, func(s *setup) { s.server.AdminProfiles = true })
	for _, tt := range []struct {
		site []string
		want int
	}{
		{nil, 200}, {[]string{"none"}, 200}, {[]string{"same-origin"}, 200},
		{[]string{"cross-site"}, 403}, {[]string{"same-site"}, 403}, {[]string{""}, 403}, {[]string{"anything"}, 403}, {[]string{"none", "cross-site"}, 403},
	} {
		for _, path := range []string{"/metrics", "/debug/pprof/trace?seconds=0.001", "/nothing"} {
			want := tt.want
			if path == "/nothing" && want == 200 {
				want = 404
			}
			if got := askAdmin(f, path, "127.0.0.1:9000", tt.site...).Code; got != want {
				t.Errorf("%s from %q: got %d, want %d", path, tt.site, got, want)
			}
		}
	}
}

func TestProfilesAreTurnedOnApartFromMetrics(t *testing.T) {
	t.Parallel()
	f := start(t)
	want := func(why string, status int) {
		t.Helper()
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/pprof/symbol"} {
			if got := askAdmin(f, path, "localhost"); got.Code != status || status == 404 && !strings.Contains(got.Body.String(), "server.admin_profiles") {
				t.Errorf("%s, %s: got %d %s, want %d", why, path, got.Code, got.Body, status)
			}
		}
		if got := askAdmin(f, "/metrics", "localhost").Code; got != http.StatusOK {
			t.Errorf("%s: the metrics are answered with %d", why, got)
		}
	}
	want("by default", http.StatusNotFound)
	if err := f.srv.Reconfigure(server.Config{AdminProfiles: true}); err != nil {
		t.Fatal(err)
	}
	want("turned on", http.StatusOK)
	if err := f.srv.Reconfigure(server.Config{}); err != nil {
		t.Fatal(err)
	}
	want("turned off again", http.StatusNotFound)
}
