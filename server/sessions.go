package server

import (
	"context"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

type sessionsResponse struct {
	Sessions   []sessionResponse `json:"sessions"`
	NextCursor string            `json:"next_cursor,omitzero"`
}

// sessionResponse is one of a user's own sessions.
type sessionResponse struct {
	SessionID  uuid.UUID `json:"session_id"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	RemoteAddr string    `json:"remote_addr"`
	UserAgent  string    `json:"user_agent"`
	Current    bool      `json:"current"` // it is the session of this request
}

func newSessionResponse(t store.Session, current uuid.UUID) sessionResponse {
	return sessionResponse{t.ID, t.CreatedAt.UTC(), t.LastUsedAt.UTC(), t.ExpiresAt.UTC(), t.RemoteAddr, t.UserAgent, t.ID == current}
}

func (s *Server) sessions(ctx context.Context, x *exchange, who authn.Identity, _ none) (sessionsResponse, error) {
	own, next, err := s.authn.OwnSessions(ctx, who, x.request.URL.Query().Get("cursor"))
	out := sessionsResponse{Sessions: make([]sessionResponse, len(own)), NextCursor: next}
	for i, t := range own {
		out.Sessions[i] = newSessionResponse(t, who.SessionID())
	}
	return out, err
}

var errNoSession = problem(authn.CodeSessionNotFound, "you have no such session")

func (s *Server) endSession(ctx context.Context, x *exchange, who authn.Identity, _ none) (none, error) {
	given := chi.URLParam(x.request, "id")
	id, err := uuid.Parse(given)
	if err != nil || id.String() != given { // only the canonical spelling
		return none{}, errNoSession
	}
	return none{}, s.authn.EndOwnSession(ctx, x.actor(), who, id)
}

func (s *Server) endOtherSessions(ctx context.Context, x *exchange, who authn.Identity, _ none) (none, error) {
	return none{}, s.authn.EndOtherSessions(ctx, x.actor(), who)
}
