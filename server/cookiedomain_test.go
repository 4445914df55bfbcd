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
		`cookies.domain: "ex_ample" is no domain`:                                 {CookieDomain: "ex_ample"},
		`cookies.previous_domains: "ex_ample" is no domain`:                       {CookiePreviousDomains: []string{"ex_ample"}},
		`cookies.previous_domains: one is empty`:                                  {CookiePreviousDomains: []string{""}},
		`cookies.previous_domains: "a.example" is the one that cookies.domain se`: {CookieDomain: "a.example", CookiePreviousDomains: []string{"a.example"}},
	} {
		if _, err := server.New(config, f.svc, f.store, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
