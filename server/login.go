package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/authctl/authctl/authn"
)

// loginRequest is the body of /login.
type loginRequest struct {
	Username *text `json:"username"`
	Password *text `json:"password"`
}

func (in loginRequest) account() authn.Account {
	return authn.Account{Username: string(*in.Username), Password: string(*in.Password)}
}

// grantResponse is the body of /login and /refresh. It has tokens for a native client only (RFC 6749,
// section 5.1); all others get them in cookies.
type grantResponse struct {
	AccessToken      string       `json:"access_token,omitzero"`
	TokenType        string       `json:"token_type,omitzero"`
	ExpiresIn        int          `json:"expires_in,omitzero"` // seconds
	RefreshToken     string       `json:"refresh_token,omitzero"`
	RefreshExpiresIn int          `json:"refresh_expires_in,omitzero"` // seconds
	User             userResponse `json:"user"`
	AccessExpiresAt  time.Time    `json:"access_expires_at"`
	RefreshExpiresAt time.Time    `json:"refresh_expires_at"`
}

func newGrantResponse(g authn.Grant) grantResponse {
	return grantResponse{
		User:             newUserResponse(g.User),
		AccessExpiresAt:  g.AccessExpiresAt.UTC(),
		RefreshExpiresAt: g.RefreshExpiresAt.UTC(),
	}
}

// grant sets the cookies of a sign-in or a refresh, records the user and session for the log, and
// returns the body. For a native client it sets no cookie and puts the tokens into the body.
func (x *exchange) grant(g authn.Grant) grantResponse {
	x.user, x.session = g.User.ID, g.SessionID
	body := newGrantResponse(g)
	if x.native() {
		now := x.server.cookies.now()
		body.AccessToken, body.TokenType, body.ExpiresIn = g.AccessToken, "Bearer", maxAge(g.AccessExpiresAt, now)
		body.RefreshToken, body.RefreshExpiresIn = g.RefreshToken, maxAge(g.RefreshExpiresAt, now)
		return body
	}
	x.setCookies(g)
	return body
}

// login signs a user in. It ends the session of the request's cookie; see [exchange.replaced]. A
// failed login ends no session and clears no cookie.
func (s *Server) login(ctx context.Context, x *exchange, in loginRequest) (grantResponse, error) {
	account := in.account()
	account.Locale = languages(x.request.Header)
	grant, err := s.authn.Login(ctx, x.actor(), account, x.replaced())
	x.steps = grant.Steps
	if err != nil {
		return grantResponse{}, err
	}
	return x.grant(grant), nil
}

// refresh rotates the session's tokens. It clears the cookies if the session is over, but not on a
// fault of the server.
func (s *Server) refresh(ctx context.Context, x *exchange, _ none) (grantResponse, error) {
	token, err := x.refreshTokenOfOne(ctx)
	if err != nil {
		return grantResponse{}, err
	}
	grant, err := s.authn.Refresh(ctx, x.actor(), token)
	if err != nil {
		if statuses[authn.CodeOf(err)] == http.StatusUnauthorized {
			x.clearSession(token)
		}
		return grantResponse{}, err
	}
	return x.grant(grant), nil
}

// logout ends the sessions of the cookies and of the Authorization header. It always clears the
// request's cookies, even when ending the session fails: this is the only 5xx answer that clears
// cookies. Such an answer says that the session has not ended yet. If only a header was sent and it
// ended no session, the answer says that too.
func (s *Server) logout(ctx context.Context, x *exchange, _ none) (none, error) {
	refresh := slices.Concat(x.allCookies(s.cookies.refresh), x.allCookies(s.cookies.former[1]))
	access := slices.Concat(x.allCookies(s.cookies.access), x.allCookies(s.cookies.former[0]))
	token, refused := s.bearerToEnd(x)
	if token != "" {
		access = append([]string{token}, access...) // first, because only a limited number is used
	}
	came := x.clearCookies(s.cookies.access, s.cookies.refresh)
	came = x.clearFormer() || came
	if came || refused == nil {
		x.Header()["Clear-Site-Data"] = clearSiteData
	}
	for _, token := range access[:min(len(access), 1)] { // for the log: the user, while the token still verifies
		if who, err := s.authn.Verify(token); err == nil {
			x.user, x.session = who.UserID(), who.SessionID()
		}
	}
	err := s.authn.Logout(ctx, x.actor(), refresh, access)
	if err == nil {
		err = refused
	}
	if came {
		err = signedOutHere(err)
	}
	return none{}, err
}

// bearerToEnd returns the access token of the Authorization header, "" when there is none. Unlike a
// cookie, a header was sent on purpose, so a bad or expired token in it is an error.
func (s *Server) bearerToEnd(x *exchange) (string, error) {
	token, found, err := bearer(x.request.Header)
	if !found || err != nil {
		return "", err
	}
	switch err := s.authn.Authentic(token); authn.CodeOf(err) {
	case authn.CodeUnauthenticated:
		return "", errBearerEndsNothing
	case authn.CodeTokenExpired:
		return "", errBearerExpired
	default:
		return token, err
	}
}

var (
	errBearerEndsNothing = problem(authn.CodeUnauthenticated, "the token in the Authorization header is not a good access token, so no session was ended")
	errBearerExpired     = problem(authn.CodeTokenExpired, "the access token in the Authorization header has expired, so no session was ended: "+
		"refresh it and sign out with the new one, or sign out with the cookies")
)

// clearSiteData is the value of Clear-Site-Data. It omits cookies, because that would clear those
// of sibling domains.
var clearSiteData = []string{`"cache","storage"`}

// signedOutHere adds to the error of a failed logout that the cookies are cleared.
func signedOutHere(err error) error {
	var e *authn.Error
	if !errors.As(err, &e) {
		return err
	}
	said := *e
	said.Message = "the cookies were cleared; " + e.Message
	return &said
}
