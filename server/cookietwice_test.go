package server_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

// TestTwoReplacedTokensOfOneSessionAreNoTheft: a browser with the newer token would have sent
// it, and a client that sends both gains nothing.
func TestTwoReplacedTokensOfOneSessionAreNoTheft(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start()
		b := f.signedIn("alice")
		old := []string{b.token()}
		for range 2 {
			f.clock.advance(time.Minute)
			b.post("/refresh", "").want(t, http.StatusOK)
			old = append(old, b.token())
		}
		f.clock.advance(time.Minute)
		twice := "refresh_token=" + old[0] + "; refresh_token=" + old[1]
		f.send(request{method: "POST", path: "/refresh", cookies: twice}).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
		b.post("/refresh", "").want(t, http.StatusOK)
		// If the current token is among them, it counts.
		f.send(request{method: "POST", path: "/refresh", cookies: twice + "; refresh_token=" + b.token()}).want(t, http.StatusOK)
	})
}

func TestPreviousDomainsAreTakenOverWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	f := start(t)
	b := f.signedIn("alice")
	if got := setCookies(b.post("/refresh", "")); len(got) != 2 {
		t.Errorf("without any it sets %v", got)
	}
	if err := f.srv.Reconfigure(server.Config{CookiePreviousDomains: []string{"example.test"}}); err != nil {
		t.Fatal(err)
	}
	if got := setCookies(b.post("/refresh", "")); len(got) != 4 || got[0].Domain != "example.test" || got[0].MaxAge >= 0 || got[2].Domain != "" {
		t.Errorf("with one it sets %v", got)
	}
}
