package authn

import (
	"context"
	"errors"

	"github.com/authctl/authctl/store"
)

// Issued reports whether a token has the form of a refresh token, or is a correctly signed access
// token, even an expired one. It does not query the database.
func (s *Service) Issued(token string) bool {
	if _, ok := parseRefreshToken(token); ok {
		return true
	}
	_, ok := s.sessionOf(token, s.now())
	return ok
}

// OneSession returns the first of the refresh tokens if all are of one session, otherwise "". It
// does not query the database.
func (s *Service) OneSession(tokens []string) string {
	if _, ok := ofOneSession(tokens); !ok {
		return ""
	}
	return tokens[0]
}

// ofOneSession parses refresh tokens and reports whether all are of one session.
func ofOneSession(tokens []string) ([]refreshToken, bool) {
	if len(tokens) == 0 || len(tokens) > maxLogoutTokens {
		return nil, false
	}
	parsed := make([]refreshToken, len(tokens))
	for i, token := range tokens {
		var ok bool
		if parsed[i], ok = parseRefreshToken(token); !ok || parsed[i].selector != parsed[0].selector {
			return nil, false
		}
	}
	return parsed, true
}

// ChooseRefresh chooses among several refresh tokens of one session the one to pass to [Service.Refresh]:
// the current one, else one that was replaced within the retry window, else any if the session is
// over. It returns "" if they are of different sessions. It also returns "" if all were replaced
// earlier. That is no sign of theft, because a browser with a newer token would have sent it. It
// changes nothing.
func (s *Service) ChooseRefresh(ctx context.Context, tokens []string) (string, error) {
	parsed, ok := ofOneSession(tokens)
	if !ok {
		return "", nil
	}
	_, state, err := s.store.SessionState(ctx, parsed[0].sessionID())
	if errors.Is(err, store.ErrNotFound) {
		return tokens[0], nil
	}
	if err != nil {
		return "", fail(err)
	}
	retried := ""
	for i, t := range parsed {
		switch s.judge(t, state) {
		case store.Rotated:
			return tokens[i], nil
		case store.Retried:
			retried = tokens[i]
		case store.Reused, store.Lost:
		default: // expired, revoked or disabled
			return tokens[i], nil
		}
	}
	return retried, nil
}
