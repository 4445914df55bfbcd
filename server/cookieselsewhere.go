package server

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// elsewhere is the scopes in which browsers may still hold the cookies from an earlier
// configuration. A request does not tell the scope of a cookie (RFC 6265, section 4.2.2), so every
// answer that sets or clears the pair also clears it in these scopes.
type elsewhere struct {
	scopes []string    // scopes for the current names
	former []string    // scopes for the names from before cookies.host_prefix was changed
	pair   [2][]string // lines that clear both cookies in scopes: without Secure, and with it
}

func newElsewhere(cfg Config, jar *cookieJar) *elsewhere {
	e := &elsewhere{former: []string{hostOnly}}
	if jar.scope != hostOnly {
		e.scopes = append(e.scopes, hostOnly)
	}
	for _, domain := range cfg.CookiePreviousDomains {
		e.scopes = append(e.scopes, domainScope(domain))
	}
	if cfg.CookieHostPrefix { // such cookies never have a domain
		e.former, e.scopes = append(e.former, e.scopes...), nil
	}
	for secure := range e.pair {
		for _, name := range []string{jar.access, jar.refresh} {
			for _, scope := range e.scopes {
				e.pair[secure] = append(e.pair[secure], jar.clearing(name, scope, secure == 1))
			}
		}
	}
	return e
}

// cleared appends the lines that clear a cookie in some scopes.
func (x *exchange) cleared(lines []string, name string, scopes []string) []string {
	for _, scope := range scopes {
		lines = append(lines, x.server.cookies.clearing(name, scope, x.https))
	}
	return lines
}

// above returns the scopes of all domains above the public host, except the configured one, if the
// request carries a cookie twice. The operator may not have listed a former domain. It returns
// nothing unless all the values are our tokens, because the cookie may belong to another
// application.
func (x *exchange) above(name string) (scopes []string) {
	values := x.allCookies(name)
	if len(values) < 2 || strings.HasPrefix(name, hostPrefix) ||
		slices.ContainsFunc(values, func(v string) bool { return !x.server.authn.Issued(v) }) {
		return nil
	}
	for _, domain := range domainsOf(x.publicHost()) {
		if scope := hostOnly + "; Domain=" + domain; scope != x.server.cookies.scope {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// publicHost returns the host name under which the client knows this server.
func (x *exchange) publicHost() string {
	host := x.request.Host
	if u, err := url.Parse(x.server.publicURL); err == nil && u.Host != "" {
		host = u.Host
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.Trim(strings.ToLower(host), ".")
}

const maxDomains = 5 // max domains of a host to clear cookies in

// domainsOf returns a host's name and the domains above it, except the top-level one. Browsers
// ignore cookies for public suffixes. It returns nothing for an IP address or an invalid name.
func domainsOf(host string) (domains []string) {
	if _, err := netip.ParseAddr(host); err == nil || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		return nil
	}
	for strings.Contains(host, ".") && len(domains) < maxDomains {
		domains = append(domains, host)
		_, host, _ = strings.Cut(host, ".")
	}
	return domains
}

// clearOtherScopes clears those of the named cookies that the request carries twice, in every scope
// except the configured one. If the configured scope is this host only, it also spares the domain
// with the same name: some clients treat the two as one cookie (RFC 6265, section 5.3), and it must
// stay.
func (x *exchange) clearOtherScopes(names ...string) {
	jar, lines := &x.server.cookies, x.Header()["Set-Cookie"]
	for _, name := range names {
		if len(x.request.CookiesNamed(name)) < 2 {
			continue
		}
		others := union(x.server.elsewhere.Load().scopes, x.above(name))
		if jar.scope == hostOnly {
			same := hostOnly + "; Domain=" + x.publicHost()
			others = slices.DeleteFunc(others, func(scope string) bool { return strings.EqualFold(scope, same) })
		}
		lines = x.cleared(lines, name, others)
	}
	if len(lines) > 0 {
		x.Header()["Set-Cookie"] = lines
	}
}

// union returns the scopes of both lists without duplicates.
func union(a, b []string) []string {
	all := slices.Clone(a)
	for _, scope := range b {
		if !slices.Contains(all, scope) {
			all = append(all, scope)
		}
	}
	return all
}

// clearedFormer appends the lines that clear the request's cookies with names from before
// cookies.host_prefix was changed. It leaves another application's cookies alone.
func (x *exchange) clearedFormer(lines []string) []string {
	for _, name := range x.server.cookies.former {
		if !x.carries(name) || slices.ContainsFunc(x.allCookies(name), func(v string) bool { return !x.server.authn.Issued(v) }) {
			continue
		}
		lines = x.cleared(lines, name, x.server.elsewhere.Load().former)
	}
	return lines
}

// clearFormer clears the cookies with former names, and reports whether there were any.
func (x *exchange) clearFormer() (came bool) {
	before := x.Header()["Set-Cookie"]
	lines := x.clearedFormer(before)
	if came = len(lines) > len(before); came {
		x.Header()["Set-Cookie"] = lines
	}
	return came
}

// carries reports whether the request has a cookie with this name. Unlike
// [http.Request.CookiesNamed] it allocates nothing.
func (x *exchange) carries(name string) bool {
	for _, line := range x.request.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			if rest, ok := strings.CutPrefix(strings.TrimLeft(pair, " \t"), name); ok && strings.HasPrefix(strings.TrimLeft(rest, " \t"), "=") {
				return true
			}
		}
	}
	return false
}
