package server

import (
	"context"

	"github.com/authctl/authctl/authn"
)

var errCookieRefused = problem(authn.CodeUnauthenticated, "the request carries a token cookie twice, or in quotes: "+
	"call /refresh and try again, or else clear the cookies of this site and sign in")

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

// token reads one cookie. Of two with one name, one may have been planted by a sibling
// domain or another path, and nothing says which: both are refused.
func (x *exchange) token(name string) (string, error) {
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

// refreshTokenOfOne is refreshToken for a request that may carry it twice. Two that are
// of one session are an older and a newer token of it, from before and after a change of
// the cookies' scope: whoever planted one would have to hold the victim's own token. So the
// one that counts is returned. Two of different sessions are refused, and the scope that
// is set here keeps its cookie, which no sibling domain could plant if it is this host's alone.
// The other scopes are cleared, so that the next request carries one.
func (x *exchange) refreshTokenOfOne(ctx context.Context) (string, error) {
	token, err := x.refreshToken()
	if !x.twice {
		return token, err
	}
	token, err = x.server.authn.Counts(ctx, x.allCookies(x.server.cookies.refresh))
	if err != nil || token != "" {
		return token, err
	}
	x.warnTwice()
	x.clearOtherScopes(x.server.cookies.access, x.server.cookies.refresh)
	return "", errCookieRefused
}

// replaced returns the refresh token whose session a login ends, "" for none: the one that
// came along, or one of several of the same session, or one by the name of before
// cookies.host_prefix was changed. A cookie that is refused ends no session.
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

// warnTwice tells the operator what may be behind it.
func (x *exchange) warnTwice() {
	x.server.doubled.Do(func() {
		x.server.log.Warn().Str("request_id", x.requestID()).
			Msg("a request carries a refresh token twice, and they are of different sessions: if cookies.domain was another before, " +
				"name that in cookies.previous_domains; if not, a page of another host below the same domain has planted one")
	})
}
