package server

import (
	"cmp"
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// registerRequest is the body of /register.
type registerRequest struct {
	Username *text `json:"username"`
	Password *text `json:"password"`
	Email    text  `json:"email"` // "" for none
}

// userResponse is what /register, /login and /refresh show of a user.
type userResponse struct {
	ID        uuid.UUID `json:"id"`
	Username  string    `json:"username"`
	CreatedAt time.Time `json:"created_at"`
}

func newUserResponse(u store.User) userResponse {
	return userResponse{ID: u.ID, Username: u.Username, CreatedAt: u.CreatedAt.UTC()}
}

// profileResponse is all that the API shows of a user.
type profileResponse struct {
	userResponse
	Email         *string `json:"email"` // the domain in Unicode; nil for none
	EmailVerified bool    `json:"email_verified"`

	Roles  []string       `json:"roles"`
	Claims jsontext.Value `json:"claims"` // an object
}

func newProfileResponse(u store.User) profileResponse {
	p := profileResponse{userResponse: newUserResponse(u), EmailVerified: u.EmailVerified(), Roles: u.Rights.RoleList(),
		Claims: jsontext.Value(cmp.Or(u.Rights.Claims, "{}"))}
	if u.Email != "" {
		p.Email = new(authn.DisplayEmail(u.Email))
	}
	return p
}

func (s *Server) register(ctx context.Context, x *exchange, in registerRequest) (userResponse, error) {
	registered, err := s.authn.Register(ctx, x.actor(), authn.Account{
		Username: string(*in.Username),
		Password: string(*in.Password),
		Email:    string(in.Email),
		Locale:   languages(x.request.Header),
	})
	if registered.Warning != "" {
		s.log.Warn().Str("request_id", x.requestID()).Msg(registered.Warning)
	}
	x.user = registered.User.ID
	return newUserResponse(registered.User), err
}

func (s *Server) profile(ctx context.Context, _ *exchange, who authn.Identity, _ none) (profileResponse, error) {
	user, err := s.authn.Profile(ctx, who)
	return newProfileResponse(user), err
}

type deleteAccountRequest struct {
	CurrentPassword *text `json:"current_password"`
}

// deleteAccount deletes the user's account and clears the request's cookies. A wrong current
// password clears nothing.
func (s *Server) deleteAccount(ctx context.Context, x *exchange, who authn.Identity, in deleteAccountRequest) (none, error) {
	if err := s.authn.DeleteAccount(ctx, x.actor(), who, string(*in.CurrentPassword)); err != nil {
		return none{}, err
	}
	if x.native() {
		return none{}, nil
	}
	x.clearCookies(s.cookies.access, s.cookies.refresh)
	x.clearFormer()
	x.Header()["Clear-Site-Data"] = clearSiteData
	return none{}, nil
}
