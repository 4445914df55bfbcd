package server_test

import (
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/authctl/authctl/server"
)

func TestACookieDomainThatIsNoneIsNamedWithItsSetting(t *testing.T) {
	t.Parallel()
	f := start(t)
	for want, config := range map[string]server.Config{
		`cookies.domain: "ex_ample" must be a host name`:                      {CookieDomain: "ex_ample"},
		`cookies.previous_domains: "ex_ample" must be a host name`:            {CookiePreviousDomains: []string{"ex_ample"}},
		`cookies.previous_domains: "" must be a host name`:                    {CookiePreviousDomains: []string{""}},
		`cookies.previous_domains: "a.example" is the current cookies.domain`: {CookieDomain: "a.example", CookiePreviousDomains: []string{"a.example"}},
	} {
		if _, err := server.New(config, f.svc, f.store, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
