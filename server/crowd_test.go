package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

// sixLogins allows six sign-ins from one address.
func sixLogins(s *setup) {
	s.server.Limits = server.Limits{Login: server.Rate{Count: 1, Per: time.Hour, Burst: 6}}
}

// signIn signs users in, one after the other, from where header says.
func (f *fixture) signIn(header map[string]string, users ...string) {
	f.t.Helper()
	for _, name := range users {
		f.send(request{method: "POST", path: "/login", body: account(name, password), header: header}).want(f.t, http.StatusOK)
	}
}

// registerAll makes accounts of these users.
func (f *fixture) registerAll(users ...string) {
	f.t.Helper()
	for _, name := range users {
		f.send(request{method: "POST", path: "/register", body: account(name, password)}).want(f.t, http.StatusCreated)
	}
}

// refuseLogin has a sign-in refused by the limit, and returns what the log says of shared addresses.
func (f *fixture) refuseLogin(header map[string]string) []map[string]any {
	f.t.Helper()
	f.send(request{method: "POST", path: "/login", body: account("ada", password), header: header}).
		want(f.t, http.StatusTooManyRequests, authn.CodeRateLimited)
	return f.logged("rate limit reached by an address that many users share")
}

func TestALimitThatManyUsersOfOneAddressReachNamesTrustedProxies(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		for name, tt := range map[string]struct {
			setup         func(*setup)
			users         string
			setting, says string // "" for no warning
		}{
			"a proxy that is not listed": {func(*setup) {}, "ada ben cleo dan eve fay", "server.trusted_proxies", "otherwise raise limits.address.login"},
			"a trusted proxy that names nobody": {behindProxy, "ada ben cleo dan eve fay", "server.forwarded_header",
				"it is in server.trusted_proxies, and its requests name no client in the header x-forwarded-for"},
			"one user":    {func(*setup) {}, "ada ada ada ada ada ada", "", ""},
			"four users":  {func(*setup) {}, "ada ben cleo dan ada ben", "", ""},
			"five users":  {func(*setup) {}, "ada ben cleo dan eve eve", "server.trusted_proxies", "limits.address.login"},
			"many, ended": {func(*setup) {}, "ada ben cleo dan eve fay", "", ""},
		} {
			t.Run(name, func(t *testing.T) {
				f := start(sixLogins, tt.setup)
				f.registerAll("ada", "ben", "cleo", "dan", "eve", "fay")
				f.signIn(nil, strings.Fields(tt.users)...)
				if name == "many, ended" {
					f.clock.advance(20 * time.Minute)
				}
				f.refuseLogin(nil)
				said := f.refuseLogin(nil)
				if tt.setting == "" {
					if len(said) != 0 {
						t.Errorf("the log warns %v", said)
					}
					return
				}
				if len(said) != 1 || said[0]["level"] != "warn" || said[0]["setting"] != tt.setting || said[0]["class"] != "login" ||
					said[0]["remote_addr"] != "127.0.0.1" || !strings.Contains(fmt.Sprint(said[0]["reason"]), tt.says) {
					t.Errorf("the log warns %v, want one line that names %s and says %q", said, tt.setting, tt.says)
				}
			})
		}
	})
}

// TestUsersWhomAProxyTellsApartAreNoCrowd: behind a listed proxy one client that reaches a limit is
// one client.
func TestUsersWhomAProxyTellsApartAreNoCrowd(t *testing.T) {
	t.Parallel()
	f := start(t, sixLogins, behindProxy)
	users := []string{"ada", "ben", "cleo", "dan", "eve", "fay"}
	f.registerAll(users...)
	at := func(i int) map[string]string {
		return map[string]string{"X-Forwarded-For": fmt.Sprintf("192.0.2.%d", i)}
	}
	for i, user := range users {
		f.signIn(at(i), user)
	}
	f.signIn(at(0), "ada", "ada", "ada", "ada", "ada")
	if said := f.refuseLogin(at(0)); len(said) != 0 {
		t.Errorf("the log warns %v", said)
	}
}

func TestWarningsThatClientsCauseComeAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	f := start(t)
	for kind, pause := range f.srv.PausesOfWarnings() {
		if pause != time.Minute {
			t.Errorf("%s: %s", kind, pause)
		}
	}
	for range 3 {
		f.send(request{method: "POST", path: "/login", header: map[string]string{"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"}}).
			want(t, http.StatusForbidden, "cross_origin")
	}
	f.toldOfOrigin(t, "https://shop.example", "server.cors.allowed_origins")
}
