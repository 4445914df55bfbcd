package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTheAdminHandlerCountsWhatThePublicOneServes(t *testing.T) {
	t.Parallel()
	f := start(t)
	b := f.signedIn("alice")
	b.post("/refresh", "").want(t, http.StatusOK)
	f.send(request{method: "FOO", path: "/no/such/path"})
	text := f.metrics(t)
	for _, want := range []string{
		`authctl_http_requests_total{method="POST",route="/login",status="200"} 1`,
		`authctl_http_requests_total{method="other",route="unmatched",status="404"} 1`,
		`authctl_http_request_duration_seconds_count{route="/refresh"} 1`,
		"authctl_password_hashes_total 2",
		"authctl_password_hashes_running 0",
		"authctl_password_hashes_waiting 0",
		"authctl_logins_held 0",
		"authctl_logins_capped_total 0",
		`authctl_password_hashes_shed_total{purpose="login"} 0`,
		"authctl_password_hash_memory_bytes 0",
		"authctl_password_hash_memory_budget_bytes ",
		"authctl_password_hash_workers ",
		"authctl_password_hash_memory_kept_bytes ",
		`authctl_password_hash_implementation{name="`,
		`authctl_password_hash_run_seconds_count{purpose="account"} 1`,
		`authctl_password_hash_wait_seconds_bucket{purpose="login",le="+Inf"} 1`,
		`authctl_password_hash_run_seconds_count{purpose="nobody"} 0`,
		`authctl_token_rotations_total{outcome="rotated"} 1`,
		"authctl_revocation_feed_entries 0",
		"authctl_revocation_feed_lag_seconds ",
		"authctl_revocation_feed_last_contact_timestamp_seconds ",
		"authctl_db_connections_open ",
		"authctl_db_connection_waits_total ",
		`authctl_build_info{`,
		"go_goroutines ",
		"process_open_fds ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap"} {
		f.send(request{method: "GET", path: path}).want(t, http.StatusNotFound)
	}
}

// metrics returns the page of the admin handler.
func (f *fixture) metrics(t *testing.T) string {
	t.Helper()
	listener := httptest.NewServer(f.srv.AdminHandler())
	defer listener.Close()
	admin := listener.URL
	resp, err := http.Get(admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
