package server_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
)

// TestOnlyCookiesThatCameAlongAndAreOverAreCleared: a login in another tab may have set other
// cookies, or be about to.
func TestOnlyCookiesThatCameAlongAndAreOverAreCleared(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start()
		over, alive := f.signedIn("alice"), f.signedIn("bob")
		overs, alives := maps.Clone(over.cookies), alive.cookies
		over.post("/logout", "").want(t, http.StatusOK)
		for name, tt := range map[string]struct{ access, refresh, clears string }{
			"nothing":                             {"", "", ""},
			"an access token of a live session":   {alives["access_token"], "", ""},
			"an access token of a dead session":   {overs["access_token"], "", ""},
			"a refresh token of a dead session":   {"", overs["refresh_token"], "refresh_token"},
			"both of a dead session":              {overs["access_token"], overs["refresh_token"], "access_token refresh_token"},
			"a dead refresh, another's access":    {alives["access_token"], overs["refresh_token"], "refresh_token"},
			"a malformed refresh, a good access":  {alives["access_token"], "garbage", "refresh_token"},
			"a malformed refresh, a bad access":   {"garbage", "garbage", "refresh_token"},
			"a dead refresh, an access that lies": {overs["access_token"] + "x", overs["refresh_token"], "refresh_token"},
		} {
			t.Run(name, func(t *testing.T) {
				var cookies []string
				if tt.access != "" {
					cookies = append(cookies, "access_token="+tt.access)
				}
				if tt.refresh != "" {
					cookies = append(cookies, "refresh_token="+tt.refresh)
				}
				a := f.send(request{method: "POST", path: "/refresh", cookies: strings.Join(cookies, "; ")}).
					want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
				if got := strings.Join(a.clears(), " "); got != tt.clears || len(setCookies(a)) != len(a.clears()) {
					t.Errorf("cleared %q, want %q: %s", got, tt.clears, a)
				}
			})
		}
		alive.post("/refresh", "").want(t, http.StatusOK)
	})
}

// TestAnExpiredSessionTakesItsExpiredAccessTokenAlong: a client may have kept an access token
// that has long expired.
func TestAnExpiredSessionTakesItsExpiredAccessTokenAlong(t *testing.T) {
	t.Parallel()
	f := start(t)
	b := f.signedIn("alice")
	f.clock.advance(refreshTTL + time.Hour)
	a := b.post("/refresh", "").want(t, http.StatusUnauthorized, authn.CodeSessionExpired)
	if !slices.Equal(a.clears(), []string{"access_token", "refresh_token"}) {
		t.Errorf("cleared %v", a.clears())
	}
}

// TestALoginThatFailsClearsNothing: a failed login has ended no session.
func TestALoginThatFailsClearsNothing(t *testing.T) {
	t.Parallel()
	f := start(t)
	b := f.signedIn("alice")
	if a := b.post("/login", account("alice", "the wrong password")).want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials); len(setCookies(a)) != 0 {
		t.Errorf("it touched the cookies: %s", a)
	}
	b.post("/refresh", "").want(t, http.StatusOK)
}
