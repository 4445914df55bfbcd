package server

import (
	"context"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

type changeEmailRequest struct {
	Email           *text `json:"email"`
	CurrentPassword *text `json:"current_password"`
}

// changeEmail asks for another address. The account has it once the mailed link has verified it.
func (s *Server) changeEmail(ctx context.Context, x *exchange, who authn.Identity, in changeEmailRequest) (none, error) {
	return none{}, s.authn.ChangeEmail(ctx, x.actor(), who, string(*in.Email), string(*in.CurrentPassword), languages(x.request.Header))
}

func (s *Server) resendVerification(ctx context.Context, x *exchange, who authn.Identity, _ none) (none, error) {
	return none{}, s.authn.ResendVerification(ctx, x.actor(), who, languages(x.request.Header))
}

type verifyEmailRequest struct {
	Token *text `json:"token"`
}

type verifyEmailResponse struct {
	Email           string `json:"email"` // the domain in Unicode
	EmailVerified   bool   `json:"email_verified"`
	AlreadyVerified bool   `json:"already_verified"` // by an earlier request with this token
}

// verifyEmail needs no session: the token tells the account.
func (s *Server) verifyEmail(ctx context.Context, x *exchange, in verifyEmailRequest) (verifyEmailResponse, error) {
	v, err := s.authn.VerifyEmail(ctx, x.actor(), string(*in.Token))
	x.user = v.User.ID
	return verifyEmailResponse{authn.DisplayEmail(v.User.Email), v.User.EmailVerified(), v.Outcome == store.VerifiedAlready}, err
}
