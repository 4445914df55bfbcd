package server

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// withDefaults returns the configuration with words for the fields that are empty.
func (cfg Config) withDefaults() Config {
	cfg.CookieSameSite = cmp.Or(cfg.CookieSameSite, sameSiteLax)
	if cfg.CookieSecure == "" {
		cfg.CookieSecure = secureAuto
		if cfg.CookieSameSite == sameSiteNone {
			cfg.CookieSecure = secureAlways
		}
	}
	cfg.LogRequests = cmp.Or(cfg.LogRequests, LogStartAndFinish)
	cfg.HSTS = cmp.Or(cfg.HSTS, HSTSHost)
	cfg.ForwardedHeader = cmp.Or(cfg.ForwardedHeader, HeaderXForwardedFor)
	return cfg
}

// oneOf returns an error, with text for a person, unless value is one of the words.
func oneOf(value string, words ...string) error {
	if slices.Contains(words, value) {
		return nil
	}
	return fmt.Errorf("must be %s, not %q", strings.Join(words, " or "), value)
}
