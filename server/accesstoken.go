package server

import (
	"net/http"
	"strings"

	"github.com/authctl/authctl/authn"
)

// identify verifies the request's access token, and records for the log whose it is.
func (x *exchange) identify() (authn.Identity, error) {
	access, err := x.accessToken()
	if err != nil {
		return authn.Identity{}, err
	}
	who, err := x.server.authn.Verify(access)
	x.user, x.session, x.service = who.UserID(), who.SessionID(), who.Client()
	return who, err
}

// identifyUser is identify for what only a user may do.
func (x *exchange) identifyUser() (authn.Identity, error) {
	who, err := x.identify()
	if err == nil && who.Client() != "" {
		return authn.Identity{}, errNotAUser
	}
	return who, err
}

var errBearerRefused = problem(authn.CodeUnauthenticated, "the Authorization header must be Bearer and one access token")

// bearer returns the token of the Authorization header. found is false when the header has another
// scheme, so that a proxy's own Basic credentials do no harm.
func bearer(h http.Header) (token string, found bool, err error) {
	for _, value := range h["Authorization"] {
		scheme, rest, _ := strings.Cut(value, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		rest = strings.TrimLeft(rest, " ")
		if found || rest == "" || strings.ContainsAny(rest, " \t,") {
			return "", true, errBearerRefused
		}
		token, found = rest, true
	}
	return token, found, nil
}

// accessToken returns the request's access token, "" when it has none. The Authorization header
// takes precedence over the cookie.
func (x *exchange) accessToken() (string, error) {
	if token, found, err := bearer(x.request.Header); found {
		return token, err
	}
	return x.token(x.server.cookies.access)
}
