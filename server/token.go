package server

import (
	"context"
	"net/http"
	"time"

	"github.com/authctl/authctl/authn"
)

const tokenPath = "/token"

// tokenResponse is the body of a good answer of /token (RFC 6749, section 5.1).
type tokenResponse struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
}

// tokenProblem is the body of its errors: the form of RFC 6749, section 5.2, and ours.
type tokenProblem struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	problemBody
}

// token answers a service account that asks for an access token (RFC 6749, section 4.4). It takes a
// form and not JSON, and nothing of the query, which logs contain.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	x := w.(*exchange)
	x.route, x.request = r.Pattern, r
	ctx, cancel := context.WithTimeout(r.Context(), s.timeouts.request)
	defer cancel()
	grant, err := s.clientToken(ctx, x)
	if err != nil {
		failToken(x, err)
		return
	}
	x.service = grant.Name
	answer(x, http.StatusOK, tokenResponse{grant.AccessToken, "Bearer", int64(grant.ExpiresIn / time.Second)})
}

// clientToken reads the request and issues the token. The limit of the address does not hold for a
// secret that was good from this address lately: many requests with a bad secret must not stop
// those with a good one. Every other secret costs a query.
func (s *Server) clientToken(ctx context.Context, x *exchange) (authn.ClientGrant, error) {
	in, err := readTokenRequest(x)
	if in.secret == "" || !s.authn.KnowsSecret(x.actor(), in.secret) {
		if err := s.admit(x, classToken); err != nil {
			return authn.ClientGrant{}, err
		}
	}
	if err != nil {
		return authn.ClientGrant{}, err
	}
	return s.authn.ClientToken(ctx, x.actor(), in.client, in.secret)
}

// failToken answers with an error in the form of RFC 6749. The codes that it defines for this
// endpoint are all for clients, so a fault of the server gets those of section 4.1.2.1.
func failToken(x *exchange, err error) {
	status, body := report(x, err)
	p := tokenProblem{Description: body.Message, problemBody: body}
	switch body.Code {
	case codeUnsupportedGrant, codeInvalidScope, authn.CodeInvalidClient:
		p.Error = string(body.Code)
	default:
		switch {
		case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
			p.Error = "temporarily_unavailable"
		case status >= http.StatusInternalServerError:
			p.Error = "server_error"
		default:
			p.Error = "invalid_request"
		}
	}
	if status == http.StatusUnauthorized {
		x.Header()["Www-Authenticate"] = basicChallenge
	}
	answer(x, status, p)
}

// basicChallenge names the scheme with which a client may authenticate (RFC 6749, section 5.2).
var basicChallenge = []string{`Basic realm="authctl", charset="UTF-8"`}
