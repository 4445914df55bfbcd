package server

import (
	"context"
	"slices"

	"github.com/authctl/authctl/authn"
)

type changePasswordRequest struct {
	CurrentPassword *text `json:"current_password"`
	NewPassword     *text `json:"new_password"`
}

// changePassword sets a new password and the new cookies of this session. It needs the session's
// refresh token, which the new one is made from. A wrong current password clears no cookie.
func (s *Server) changePassword(ctx context.Context, x *exchange, who authn.Identity, in changePasswordRequest) (grantResponse, error) {
	refresh := slices.Concat(x.allCookies(s.cookies.refresh), x.allCookies(s.cookies.former[1]))
	return s.changeThePassword(ctx, x, who, in, refresh)
}

// changeThePassword changes the password of a session that has one of the refresh tokens.
func (s *Server) changeThePassword(ctx context.Context, x *exchange, who authn.Identity, in changePasswordRequest, refresh []string) (grantResponse, error) {
	grant, err := s.authn.ChangePassword(ctx, x.actor(), who, refresh, string(*in.CurrentPassword), string(*in.NewPassword))
	if err != nil {
		return grantResponse{}, err
	}
	return x.grant(grant), nil
}

type forgotPasswordRequest struct {
	Identifier *text `json:"identifier"`
}

// forgotPassword answers the same for every identifier.
func (s *Server) forgotPassword(ctx context.Context, x *exchange, in forgotPasswordRequest) (none, error) {
	return none{}, s.authn.ForgotPassword(ctx, x.actor(), string(*in.Identifier), languages(x.request.Header))
}

type resetPasswordRequest struct {
	Token       *text `json:"token"`
	NewPassword *text `json:"new_password"`
}

type resetPasswordResponse struct {
	Username string `json:"username"`
}

// resetPassword signs nobody in, and touches no cookie.
func (s *Server) resetPassword(ctx context.Context, x *exchange, in resetPasswordRequest) (resetPasswordResponse, error) {
	user, err := s.authn.ResetPassword(ctx, x.actor(), string(*in.Token), string(*in.NewPassword))
	x.user = user.ID
	return resetPasswordResponse{user.Username}, err
}
