package server

import (
	"context"

	"github.com/authctl/authctl/authn"
)

// refreshRequest is the body of /refresh from a native client.
type refreshRequest struct {
	RefreshToken *text `json:"refresh_token"`
}

// refreshByBody rotates the tokens of a native client's session.
func (s *Server) refreshByBody(ctx context.Context, x *exchange, in refreshRequest) (grantResponse, error) {
	grant, err := s.authn.Refresh(ctx, x.actor(), string(*in.RefreshToken))
	if err != nil {
		return grantResponse{}, err
	}
	return x.grant(grant), nil
}

// logoutRequest is the body of /logout from a native client.
type logoutRequest struct {
	RefreshToken text `json:"refresh_token"` // "" for none
}

var (
	errNothingToEnd       = invalid(`send the "refresh_token" of the session, or its access token as Authorization: Bearer`)
	errRefreshEndsNothing = problem(authn.CodeUnauthenticated, "the refresh_token is not a refresh token of this service, so no session was ended")
)

// logoutByBody ends the sessions of the refresh token in the body and of the access token in the
// Authorization header. Both were sent on purpose, so that a bad one is an error. A good one beside it
// ends its session all the same.
func (s *Server) logoutByBody(ctx context.Context, x *exchange, in logoutRequest) (none, error) {
	access, refused := s.bearerToEnd(x)
	if in.RefreshToken == "" && access == "" && refused == nil {
		return none{}, errNothingToEnd
	}
	var refresh, accesses []string
	if in.RefreshToken != "" {
		refresh = []string{string(in.RefreshToken)}
		if !s.authn.IsRefreshToken(refresh[0]) {
			refused = errRefreshEndsNothing
		}
	}
	if access != "" {
		accesses = []string{access}
		if who, err := s.authn.Verify(access); err == nil { // for the log
			x.user, x.session = who.UserID(), who.SessionID()
		}
	}
	if err := s.authn.Logout(ctx, x.actor(), refresh, accesses); err != nil {
		return none{}, err
	}
	return none{}, refused
}

// changePasswordByBodyRequest is the body of /password/change from a native client.
type changePasswordByBodyRequest struct {
	CurrentPassword *text `json:"current_password"`
	NewPassword     *text `json:"new_password"`
	RefreshToken    *text `json:"refresh_token"`
}

// changePasswordByBody is changePassword for a native client.
func (s *Server) changePasswordByBody(ctx context.Context, x *exchange, who authn.Identity, in changePasswordByBodyRequest) (grantResponse, error) {
	return s.changeThePassword(ctx, x, who, changePasswordRequest{in.CurrentPassword, in.NewPassword}, []string{string(*in.RefreshToken)})
}
