package cmd_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
)

// TestARefusalThroughAProxyDoesNotBindTheApplicationsHost runs the documented configurations in
// front of an authctl that browsers reach over HTTPS.
func TestARefusalThroughAProxyDoesNotBindTheApplicationsHost(t *testing.T) {
	t.Parallel()
	for _, p := range proxies {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			binary, err := p.find()
			if err != nil {
				if os.Getenv("CI") != "" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			dir := t.TempDir()
			authctl := startServe(t, dir, "AUTHCTL_SERVER_PUBLIC_URL=https://app.example", "AUTHCTL_ENVIRONMENT=production")
			site := p.start(t, binary, dir, map[string]string{"127.0.0.1:8000": strings.TrimPrefix(authctl.url, "http://")})
			stranger := &http.Client{}
			call(t, stranger, "GET", site+"/", "", nil, http.StatusUnauthorized)
			if got := answerHeader(t, stranger, site).Get("Strict-Transport-Security"); got != "" {
				t.Errorf("a refusal has HSTS: %s", got)
			}
			resp, err := stranger.Get(site + "/profile")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := resp.Header.Get("Strict-Transport-Security"); got != "max-age=63072000" {
				t.Errorf("authctl's own endpoint has HSTS %q, want it for the host alone", got)
			}
		})
	}
}
