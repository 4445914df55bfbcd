package server

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authctl/authctl/authn"
)

// The cookies' names, without a prefix.
const (
	accessCookie  = "access_token"
	refreshCookie = "refresh_token"
	hostPrefix    = "__Host-"
)

// hostOnly is the scope of a cookie that browsers send to this host only.
const hostOnly = "; Path=/"

// cookieJar writes and reads the two token cookies. A cookie is set and cleared with the same
// attributes, because browsers would otherwise keep both.
type cookieJar struct {
	access, refresh string    // names
	former          [2]string // the names that the other value of cookies.host_prefix gives
	always, never   bool      // set Secure always or never; if neither, Secure follows the connection
	publicHTTPS     bool
	domain          string // "" for this host only
	scope           string // the attributes before Max-Age
	plain, secure   string // the attributes after Max-Age, without and with Secure
	now             func() time.Time
}

// newCookieJar makes the jar of a configuration that [Config.CheckCookies] finds nothing wrong with.
func newCookieJar(cfg Config) cookieJar {
	jar := cookieJar{
		access:      accessCookie,
		refresh:     refreshCookie,
		publicHTTPS: strings.HasPrefix(strings.ToLower(cfg.PublicURL), "https://"),
		former:      [2]string{hostPrefix + accessCookie, hostPrefix + refreshCookie},
		domain:      cfg.CookieDomain,
		scope:       hostOnly,
		now:         time.Now,
	}
	sameSite := map[string]string{sameSiteLax: "Lax", sameSiteStrict: "Strict", sameSiteNone: "None"}[cfg.CookieSameSite]
	jar.plain = "; HttpOnly; SameSite=" + sameSite
	jar.secure = "; HttpOnly; Secure; SameSite=" + sameSite
	// Browsers drop cookies with the prefix when they are not Secure.
	jar.always = cfg.CookieSecure == secureAlways || cfg.CookieHostPrefix
	jar.never = cfg.CookieSecure == secureNever
	if cfg.CookieHostPrefix {
		jar.access, jar.refresh = hostPrefix+accessCookie, hostPrefix+refreshCookie
		jar.former = [2]string{accessCookie, refreshCookie}
	}
	if cfg.CookieDomain != "" {
		jar.scope = domainScope(cfg.CookieDomain)
	}
	return jar
}

// domainScope returns the scope of a cookie that browsers send to a domain and its subdomains.
func domainScope(domain string) string {
	return hostOnly + "; Domain=" + strings.TrimPrefix(domain, ".")
}

// cookie returns a Set-Cookie line. Tokens consist of base64url and dots, so they need no quoting.
func (jar *cookieJar) cookie(name, value string, maxAge int, https bool) string {
	rest := jar.plain
	if jar.setsSecure(https) {
		rest = jar.secure
	}
	return name + "=" + value + jar.scope + "; Max-Age=" + strconv.Itoa(maxAge) + rest
}

func (jar *cookieJar) setsSecure(https bool) bool { return jar.always || https && !jar.never }

// clearing returns a Set-Cookie line that clears a cookie in a scope.
func (jar *cookieJar) clearing(name, scope string, https bool) string {
	rest := jar.plain
	if jar.setsSecure(https) || strings.HasPrefix(name, hostPrefix) { // browsers ignore the line without it
		rest = jar.secure
	}
	return name + "=" + scope + "; Max-Age=0" + rest
}

// setCookies sets the cookies of a grant, and clears the cookies that the client may hold in other
// scopes and under former names. The clearing lines come first, because some clients treat a cookie
// of this host and one of a domain with the same name as one (RFC 6265, section 5.3).
func (x *exchange) setCookies(g authn.Grant) {
	jar, now := &x.server.cookies, x.server.cookies.now()
	stale := x.server.elsewhere.Load().pair[0]
	if jar.setsSecure(x.https) {
		stale = x.server.elsewhere.Load().pair[1]
	}
	lines := append(make([]string, 0, len(stale)+2), stale...)
	if x.twice {
		lines = x.cleared(lines, jar.access, x.above(jar.access))
		lines = x.cleared(lines, jar.refresh, x.above(jar.refresh))
	}
	lines = x.clearedFormer(lines)
	x.Header()["Set-Cookie"] = append(lines,
		jar.cookie(jar.access, g.AccessToken, maxAge(g.AccessExpiresAt, now), x.https),
		jar.cookie(jar.refresh, g.RefreshToken, maxAge(g.RefreshExpiresAt, now), x.https),
	)
}

// maxAge returns the Max-Age in whole seconds, rounded down, and at least 1: 0 would clear the
// cookie.
func maxAge(expires, now time.Time) int {
	return max(1, int(expires.Sub(now)/time.Second))
}

// clearCookies clears those of the named cookies that the request carries, in every scope, and
// reports whether there were any. It leaves others alone, because another answer, such as that of a
// login, may be setting them.
func (x *exchange) clearCookies(names ...string) (came bool) {
	jar, lines := &x.server.cookies, x.Header()["Set-Cookie"]
	for _, name := range names {
		if len(x.request.CookiesNamed(name)) == 0 {
			continue
		}
		came = true
		lines = append(lines, jar.clearing(name, jar.scope, x.https))
		lines = x.cleared(lines, name, union(x.server.elsewhere.Load().scopes, x.above(name)))
	}
	if came {
		x.Header()["Set-Cookie"] = lines
	}
	return came
}

// clearSession clears a refresh token that is no longer valid, and the access token of the same
// session.
func (x *exchange) clearSession(refresh string) {
	jar := &x.server.cookies
	x.clearCookies(jar.refresh)
	access := x.allCookies(jar.access)
	if !slices.ContainsFunc(access, func(token string) bool { return !x.server.authn.SameSession(refresh, token) }) {
		x.clearCookies(jar.access)
	}
}
