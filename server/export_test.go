package server

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/authctl/authctl/authn"
)

// SetClock replaces the clock that Max-Age is reckoned from.
func (s *Server) SetClock(now func() time.Time) { s.cookies.now = now }

// SetReadTimeouts shortens what a test would otherwise wait for.
func (s *Server) SetReadTimeouts(header, whole time.Duration) {
	s.timeouts.readHeader, s.timeouts.read = header, whole
}

// Observe wraps a handler in the outermost layer.
func (s *Server) Observe(h http.Handler) http.Handler { return s.observe(h) }

// Drain makes the server say that it is shutting down.
func (s *Server) Drain() { s.draining.Store(true) }

// Routes returns the public routes.
func (s *Server) Routes() chi.Routes { return s.router }

// Statuses returns the table from codes to HTTP statuses.
func Statuses() map[authn.Code]int { return statuses }

// Document returns the embedded OpenAPI document.
func Document() []byte { return openapiDocument }

// DecodeAccount decodes a body of /register or /login.
func DecodeAccount(body []byte) (username, password string, err error) {
	var in accountRequest
	if err := shapeOf[accountRequest]().unmarshal(body, &in); err != nil {
		return "", "", err
	}
	account := in.account()
	return account.Username, account.Password, nil
}
