package server

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/authctl/authctl/authn"
)

// The cookies' names, before a prefix.
const (
	accessCookie  = "access_token"
	refreshCookie = "refresh_token"
	hostPrefix    = "__Host-"
)

// cookieJar makes the two cookies and reads them. Set and cleared cookies have
// the same attributes, or browsers would keep both.
type cookieJar struct {
	access, refresh string // names
	always, never   bool   // of Secure; neither follows the connection
	publicHTTPS     bool
	scope           string // attributes before the age
	plain, secure   string // attributes after the age
	now             func() time.Time
}

func newCookieJar(cfg Config) (cookieJar, error) {
	jar := cookieJar{
		access:      accessCookie,
		refresh:     refreshCookie,
		publicHTTPS: strings.HasPrefix(strings.ToLower(cfg.PublicURL), "https://"),
		scope:       "; Path=/",
		now:         time.Now,
	}
	sameSite, ok := map[string]string{"": "Lax", "lax": "Lax", "strict": "Strict", "none": "None"}[cfg.CookieSameSite]
	if !ok {
		return jar, fmt.Errorf("cookie same-site %q: must be lax, strict or none", cfg.CookieSameSite)
	}
	jar.plain = "; HttpOnly; SameSite=" + sameSite
	jar.secure = "; HttpOnly; Secure; SameSite=" + sameSite
	switch cfg.CookieSecure {
	case "", "auto":
	case "true":
		jar.always = true
	case "false":
		jar.never = true
	default:
		return jar, fmt.Errorf("cookie secure %q: must be auto, true or false", cfg.CookieSecure)
	}
	// Browsers drop such cookies when they are not Secure.
	demanding := cfg.CookieHostPrefix || sameSite == "None"
	if demanding && jar.never {
		return jar, errors.New("cookies with the __Host- prefix or same-site none must be secure")
	}
	jar.always = jar.always || demanding
	return jar, jar.confine(cfg)
}

// confine says which hosts get the cookies.
func (jar *cookieJar) confine(cfg Config) error {
	if cfg.CookieHostPrefix {
		if cfg.CookieDomain != "" {
			return errors.New("cookies with the __Host- prefix cannot have a domain")
		}
		jar.access, jar.refresh = hostPrefix+accessCookie, hostPrefix+refreshCookie
	}
	if cfg.CookieDomain != "" {
		probe := http.Cookie{Name: accessCookie, Domain: cfg.CookieDomain}
		if err := probe.Valid(); err != nil {
			return fmt.Errorf("cookie domain: %w", err)
		}
		jar.scope += "; Domain=" + strings.TrimPrefix(cfg.CookieDomain, ".")
	}
	return nil
}

// cookie is a Set-Cookie line. Our tokens are base64url and dots, which need no
// quoting.
func (jar *cookieJar) cookie(name, value string, maxAge int, https bool) string {
	rest := jar.plain
	if jar.always || https && !jar.never {
		rest = jar.secure
	}
	return name + "=" + value + jar.scope + "; Max-Age=" + strconv.Itoa(maxAge) + rest
}

// setCookies hands the tokens of a grant to the client.
func (x *exchange) setCookies(g authn.Grant) {
	jar, now := &x.server.cookies, x.server.cookies.now()
	x.Header()["Set-Cookie"] = []string{
		jar.cookie(jar.access, g.AccessToken, maxAge(g.AccessExpiresAt, now), x.https),
		jar.cookie(jar.refresh, g.RefreshToken, maxAge(g.RefreshExpiresAt, now), x.https),
	}
}

// maxAge is in whole seconds, rounded down, and never the zero that clears.
func maxAge(expires, now time.Time) int {
	return max(1, int(expires.Sub(now)/time.Second))
}

// clearCookies takes those of these cookies from the client that the request carries, and
// reports whether there were any. Another answer, of a login say, may be about to set one
// that it does not carry.
func (x *exchange) clearCookies(names ...string) (came bool) {
	h := x.Header()
	for _, name := range names {
		if len(x.request.CookiesNamed(name)) > 0 {
			h["Set-Cookie"] = append(h["Set-Cookie"], x.server.cookies.cookie(name, "", 0, x.https))
			came = true
		}
	}
	return came
}

// clearSession takes a refresh token that is good for nothing any more from the client,
// and the access token of the same session.
func (x *exchange) clearSession(refresh string) {
	jar := &x.server.cookies
	x.clearCookies(jar.refresh)
	if access, err := x.token(jar.access); err == nil && x.server.authn.SameSession(refresh, access) {
		x.clearCookies(jar.access)
	}
}

var errCookieRefused = problem(authn.CodeUnauthenticated,
	"the request carries a token cookie twice, or in quotes; clear the cookies of this site and sign in again")

// accessToken returns the access token that the request carries, "" when none: that
// of the Authorization header, or else of the cookie.
func (x *exchange) accessToken() (string, error) {
	if token, found, err := bearer(x.request.Header); found {
		return token, err
	}
	return x.token(x.server.cookies.access)
}

// refreshToken returns the refresh token that the request carries, "" when none.
func (x *exchange) refreshToken() (string, error) { return x.token(x.server.cookies.refresh) }

// allCookies returns the values of every cookie of a name, for when it does no harm
// to take the wrong one too.
func (x *exchange) allCookies(name string) []string {
	var values []string
	for _, c := range x.request.CookiesNamed(name) {
		values = append(values, c.Value)
	}
	return values
}

// token reads one cookie. Of two with one name, one was planted by a sibling
// domain or another path, and nothing says which: both are refused.
func (x *exchange) token(name string) (string, error) {
	switch found := x.request.CookiesNamed(name); {
	case len(found) == 0:
		return "", nil
	case len(found) > 1 || found[0].Quoted:
		return "", errCookieRefused
	default:
		return found[0].Value, nil
	}
}
