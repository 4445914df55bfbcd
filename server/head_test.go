package server_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/authctl/authctl/server"
)

// gets returns the paths that take GET, as the router has them.
func (f *fixture) gets(t *testing.T) (paths []string) {
	t.Helper()
	err := chi.Walk(f.srv.Routes(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if method == http.MethodGet && !strings.HasSuffix(route, "*") {
			paths = append(paths, route)
		}
		return nil
	})
	if err != nil || !slices.Contains(paths, "/profile") || !slices.Contains(paths, "/openapi.json") {
		t.Fatalf("the router takes GET at %v: %v", paths, err)
	}
	return paths
}

// asGet sends GET and HEAD, and requires the same answers, except for the body.
func (f *fixture) asGet(t *testing.T, r request) answer {
	t.Helper()
	if r.header = maps.Clone(r.header); r.header == nil {
		r.header = map[string]string{}
	}
	r.header["X-Request-Id"] = "the-same"
	r.method = "GET"
	get := f.send(r)
	r.method = "HEAD"
	head := f.send(r)
	if head.status != get.status || len(head.body) != 0 {
		t.Errorf("HEAD %s: got %d and %d bytes, want %d and none", r.path, head.status, len(head.body), get.status)
	}
	for _, a := range []answer{get, head} {
		a.header.Del("Date")
	}
	for name, values := range get.header {
		if !slices.Equal(head.header[name], values) {
			t.Errorf("HEAD %s: %s is %q, of GET it is %q", r.path, name, head.header[name], values)
		}
	}
	if len(head.header) != len(get.header) {
		t.Errorf("HEAD %s: got the headers %v, of GET they are %v", r.path, head.header, get.header)
	}
	return head
}

func TestHEADIsAnsweredWhereverGETIs(t *testing.T) {
	t.Parallel()
	f := start(t, allowing("https://good.example"), func(s *setup) { s.server.PublicURL = "http://localhost:8000" })
	token := f.signedIn("alice").cookies["access_token"]
	for _, path := range f.gets(t) {
		f.asGet(t, request{path: path})
		f.asGet(t, request{path: path, header: map[string]string{"Authorization": "Bearer " + token}}).want(t, http.StatusOK)
		f.asGet(t, request{path: path, cookies: "access_token=" + token}).want(t, http.StatusOK)
		f.asGet(t, request{path: path, header: map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}})
		shared := f.asGet(t, request{path: path, header: map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://good.example"}})
		if got := shared.header.Get("Access-Control-Allow-Origin"); (got == "https://good.example") != (path != "/verify") {
			t.Errorf("HEAD %s from an allowed origin: the answer is for %q", path, got)
		}
	}
	tag := f.send(request{method: "GET", path: "/.well-known/jwks.json"}).header.Get("ETag")
	f.asGet(t, request{path: "/.well-known/jwks.json", header: map[string]string{"If-None-Match": tag}}).want(t, http.StatusNotModified)
	f.asGet(t, request{path: "/nowhere"}).want(t, http.StatusNotFound)
	f.srv.Drain()
	f.asGet(t, request{path: "/readyz"}).want(t, http.StatusServiceUnavailable)
}

// TestHEADCountsAsGETDoes: HEAD is counted, logged and limited like GET.
func TestHEADCountsAsGETDoes(t *testing.T) {
	t.Parallel()
	f := start(t, func(s *setup) { s.server.Limits = server.Limits{Other: server.Rate{Count: 1, Per: 1 << 40, Burst: 1}} })
	f.send(request{method: "HEAD", path: "/openapi.json"}).want(t, http.StatusOK)
	f.send(request{method: "HEAD", path: "/openapi.json"}).want(t, http.StatusTooManyRequests)
	f.asGet(t, request{path: "/openapi.json"}).want(t, http.StatusTooManyRequests)
	f.send(request{method: "HEAD", path: "/healthz"}).want(t, http.StatusOK)
	f.eventually(func() bool { return len(f.logged("request finished")) == 5 })
	for _, line := range f.logged("request finished") {
		if line["method"] == "HEAD" && line["bytes"] != 0.0 {
			t.Errorf("the log says %v, want no bytes", line)
		}
	}
	if got := f.metrics(t); !strings.Contains(got, `authctl_http_requests_total{method="HEAD",route="/openapi.json",status="200"} 1`) {
		t.Errorf("the metrics do not count it: %s", got)
	}
	f.send(request{method: "HEAD", path: "/logout"}).want(t, http.StatusTooManyRequests)
	f.clock.advance(1 << 41)
	if a := f.send(request{method: "HEAD", path: "/logout"}).want(t, http.StatusMethodNotAllowed); a.header.Get("Allow") != "POST" {
		t.Errorf("got %s", a)
	}
}
