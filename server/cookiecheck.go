package server

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The values of [Config].CookieSecure: when cookies are Secure.
const (
	secureAuto   = "auto" // when the connection of the request, or the public URL, is HTTPS
	secureAlways = "true"
	secureNever  = "false"
)

// The values of [Config].CookieSameSite.
const (
	sameSiteLax    = "lax"
	sameSiteStrict = "strict"
	sameSiteNone   = "none"
)

// MaxPreviousDomains is the max length of [Config].CookiePreviousDomains. An answer has two Set-Cookie
// lines for each domain.
const MaxPreviousDomains = 8

// CookieErrors says what is wrong with the cookies of a [Config]: for each field an error with text for
// a person, or nil.
type CookieErrors struct {
	Secure          error
	SameSite        error
	HostPrefix      []error
	Domain          error
	PreviousDomains []error
}

// CheckCookies returns what is wrong with the cookies of the configuration. It allows no empty words.
func (cfg Config) CheckCookies() (wrong CookieErrors) {
	wrong.Secure = oneOf(cfg.CookieSecure, secureAuto, secureAlways, secureNever)
	wrong.SameSite = oneOf(cfg.CookieSameSite, sameSiteLax, sameSiteStrict, sameSiteNone)
	if cfg.CookieSameSite == sameSiteNone && cfg.CookieSecure != secureAlways {
		wrong.SameSite = errors.New("none needs cookies.secure: true, browsers drop such cookies otherwise")
	}
	if cfg.CookieHostPrefix && cfg.CookieSecure == secureNever {
		wrong.HostPrefix = append(wrong.HostPrefix, errors.New("needs cookies.secure to be true or auto"))
	}
	if cfg.CookieHostPrefix && cfg.CookieDomain != "" {
		wrong.HostPrefix = append(wrong.HostPrefix, errors.New("cannot be combined with cookies.domain"))
	}
	if cfg.CookieDomain != "" && !isDomain(cfg.CookieDomain) {
		wrong.Domain = fmt.Errorf("%q must be a host name, such as example.com", cfg.CookieDomain)
	}
	wrong.PreviousDomains = cfg.checkPreviousDomains()
	return wrong
}

func (cfg Config) checkPreviousDomains() (wrong []error) {
	all := cfg.CookiePreviousDomains
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if len(all) > MaxPreviousDomains {
		add("must be at most %d, not %d", MaxPreviousDomains, len(all))
	}
	public := ""
	if u, err := url.Parse(cfg.PublicURL); err == nil {
		public = strings.ToLower(u.Hostname())
	}
	plain := func(domain string) string { return strings.ToLower(strings.TrimPrefix(domain, ".")) }
	for i, domain := range all {
		name := plain(domain)
		switch {
		case !isDomain(domain):
			add("%q must be a host name, such as example.com", domain)
		case name == plain(cfg.CookieDomain):
			add("%q is the current cookies.domain: remove it", domain)
		case slices.ContainsFunc(all[:i], func(other string) bool { return plain(other) == name }):
			add("%q is given twice", domain)
		case public != "" && public != name && !strings.HasSuffix(public, "."+name):
			add("%q is neither the host of server.public_url, %s, nor a domain above it: browsers took no such cookie from it", domain, public)
		}
	}
	return wrong
}

// isDomain reports whether browsers take a cookie for this domain and its subdomains.
func isDomain(name string) bool {
	probe := http.Cookie{Name: accessCookie, Domain: name}
	return name != "" && probe.Valid() == nil
}

// Err returns all the errors as one, each with the name of its setting, or nil for none.
func (e CookieErrors) Err() error {
	var all []error
	add := func(key string, errs ...error) {
		for _, err := range errs {
			if err != nil {
				all = append(all, fmt.Errorf("%s: %w", key, err))
			}
		}
	}
	add("cookies.secure", e.Secure)
	add("cookies.same_site", e.SameSite)
	add("cookies.host_prefix", e.HostPrefix...)
	add("cookies.domain", e.Domain)
	add("cookies.previous_domains", e.PreviousDomains...)
	return errors.Join(all...)
}
