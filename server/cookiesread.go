package server

import (
	"context"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/authctl/authctl/authn"
)

var errCookieRefused = problem(authn.CodeUnauthenticated, "the request carries a token cookie twice, or in quotes: "+
	"call /refresh and try again, or else clear the cookies of this site and sign in")

// refreshToken returns the request's refresh token, "" when it has none.
func (x *exchange) refreshToken() (string, error) { return x.token(x.server.cookies.refresh) }

// allCookies returns the values of every cookie with this name. It is for uses in which a wrong one
// does no harm.
func (x *exchange) allCookies(name string) []string {
	var values []string
	for _, c := range x.request.CookiesNamed(name) {
		values = append(values, c.Value)
	}
	return values
}

// token returns the value of one cookie. It refuses two cookies with one name: a sibling domain or
// another path may have planted one of them, and nothing tells which.
func (x *exchange) token(name string) (string, error) {
	if value, ok := onlyCookie(x.request.Header, name); ok {
		return value, nil
	}
	switch found := x.request.CookiesNamed(name); {
	case len(found) == 0:
		return "", nil
	case len(found) > 1:
		x.twice = true
		return "", errCookieRefused
	case found[0].Quoted:
		return "", errCookieRefused
	default:
		return found[0].Value, nil
	}
}

// maxPlainCookies is how many cookies [onlyCookie] looks at; net/http has a limit too.
const maxPlainCookies = 100

// onlyCookie returns the value of a cookie that comes once, if it consists of the characters of tokens.
// For everything else ok is false, and net/http decides; it allocates for each cookie.
func onlyCookie(h http.Header, name string) (value string, ok bool) {
	cookies := 0
	for _, line := range h["Cookie"] {
		for more := true; more; cookies++ {
			var part string
			part, line, more = strings.Cut(line, ";")
			part = textproto.TrimString(part)
			of, v, _ := strings.Cut(part, "=")
			if textproto.TrimString(of) != name {
				continue
			}
			if ok || !isTokenText(v) {
				return "", false
			}
			value, ok = v, true
		}
	}
	return value, ok && cookies <= maxPlainCookies
}

// isTokenText reports whether s has at least one character, and only those of base64url and dots.
func isTokenText(s string) bool {
	for i := range len(s) {
		if !tokenText[s[i]] {
			return false
		}
	}
	return s != ""
}

// tokenText is a table, because tokens are long.
var tokenText = func() (table [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") {
		table[c] = true
	}
	return table
}()

// refreshTokenOfOne is refreshToken for a request that may carry two. Two tokens of the same
// session are an older and a newer one, from before and after a change of the cookies' scope: to
// plant one, an attacker would need the victim's own token. So it returns the newer. It refuses two
// tokens of different sessions, and leaves the cookie in the configured scope alone; if that is
// this host's only, no sibling domain can have planted it. It clears the other scopes, so that the
// next request carries one cookie.
func (x *exchange) refreshTokenOfOne(ctx context.Context) (string, error) {
	token, err := x.refreshToken()
	if !x.twice {
		return token, err
	}
	token, err = x.server.authn.ChooseRefresh(ctx, x.allCookies(x.server.cookies.refresh))
	if err != nil || token != "" {
		return token, err
	}
	x.warnTwice()
	x.clearOtherScopes(x.server.cookies.access, x.server.cookies.refresh)
	return "", errCookieRefused
}

// replaced returns the refresh token whose session a login ends, "" for none: the request's token,
// one of several tokens of the same session, or one under a name from before cookies.host_prefix
// was changed. A cookie that is refused ends no session.
func (x *exchange) replaced() string {
	jar := &x.server.cookies
	token, err := x.refreshToken()
	switch {
	case x.twice:
		return x.server.authn.OneSession(x.allCookies(jar.refresh))
	case err == nil && token == "" && x.carries(jar.former[1]):
		return x.server.authn.OneSession(x.allCookies(jar.former[1]))
	default:
		return token
	}
}

// warnTwice warns the operator about a cookie that came twice, with the likely cause.
func (x *exchange) warnTwice() {
	x.server.doubled.Do(func() {
		x.server.log.Warn().Str("request_id", x.requestID()).
			Msg("a request carries a refresh token twice, and they are of different sessions: if cookies.domain was another before, " +
				"name that in cookies.previous_domains; if not, a page of another host below the same domain has planted one")
	})
}
