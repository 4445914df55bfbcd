package server

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// accountRequest is the body of /register and /login.
type accountRequest struct {
	Username *text `json:"username"`
	Password *text `json:"password"`
}

func (in accountRequest) account() authn.Account {
	return authn.Account{Username: string(*in.Username), Password: string(*in.Password)}
}

// userResponse is all that the API shows of a user.
type userResponse struct {
	ID        uuid.UUID `json:"id"`
	Username  string    `json:"username"`
	CreatedAt time.Time `json:"created_at"`
}

func newUserResponse(u store.User) userResponse {
	return userResponse{ID: u.ID, Username: u.Username, CreatedAt: u.CreatedAt.UTC()}
}

func (s *Server) register(ctx context.Context, x *exchange, in accountRequest) (userResponse, error) {
	registered, err := s.authn.Register(ctx, x.actor(), in.account())
	if registered.Warning != "" {
		s.log.Warn().Str("request_id", x.requestID()).Msg(registered.Warning)
	}
	x.user = registered.User.ID
	return newUserResponse(registered.User), err
}

func (s *Server) profile(ctx context.Context, _ *exchange, who authn.Identity, _ none) (userResponse, error) {
	user, err := s.authn.Profile(ctx, who)
	return newUserResponse(user), err
}
