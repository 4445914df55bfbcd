package authn

import (
	"context"
	"errors"

	"github.com/authctl/authctl/store"
)

var errRevoked = refuse(CodeSessionRevoked, "the session was ended, sign in again")

var errSeal = errors.New("sealed successor does not open to the current token")

// Refresh exchanges a refresh token for its successor and a fresh access token.
// The previous token, presented again within the retry window, yields the same
// successor: two tabs, or a lost answer, converge on one token.
//
// It fails with [CodeUnauthenticated] for a token of no session,
// [CodeSessionExpired], [CodeSessionRevoked] (by an operator, a password change
// or a disabled account), or [CodeSessionReused] when the token was used before:
// the session has then been ended, for either side may be a thief.
func (s *Service) Refresh(ctx context.Context, a Actor, token string) (Grant, error) {
	presented, ok := parseRefreshToken(token)
	if !ok {
		s.rotations[store.Unknown].Add(1)
		return Grant{Outcome: store.Unknown}, refuse(CodeUnauthenticated, "sign in to continue")
	}
	if s.pending.has(presented.sessionID()) {
		s.rotations[store.Revoked].Add(1)
		return Grant{Outcome: store.Revoked}, errRevoked
	}
	if err := s.CanSign(); err != nil {
		return Grant{}, err
	}
	now := s.now()
	next := presented.next()
	result, err := s.store.Rotate(ctx, store.Rotation{
		SessionID:   presented.sessionID(),
		TokenHash:   presented.hash(),
		NextHash:    next.hash(),
		Successor:   presented.seal(next),
		At:          now,
		ExpiresAt:   now.Add(s.refresh),
		RetryWindow: s.retry,
	}, a.event(store.ActionRefreshRefused, now))
	if err != nil {
		return Grant{}, fail(err)
	}
	s.rotations[result.Outcome].Add(1)
	if result.Outcome == store.Reused {
		s.feed.add(store.Revocation{At: now, SessionID: presented.sessionID()})
	}
	if result.Outcome == store.Retried {
		if next, ok = presented.open(result.Successor, result.TokenHash); !ok {
			return Grant{Outcome: result.Outcome}, fail(errSeal)
		}
	}
	if err := refusal(result.Outcome); err != nil {
		return Grant{Outcome: result.Outcome}, err
	}
	g, err := s.grant(result.User, result.Session, next, now)
	g.Outcome = result.Outcome
	return g, err
}

// refusal returns the error for an outcome that yields no token.
func refusal(o store.Outcome) error {
	switch o {
	case store.Rotated, store.Retried:
		return nil
	case store.Expired:
		return refuse(CodeSessionExpired, "the session has expired, sign in again")
	case store.Revoked, store.Disabled:
		return errRevoked
	case store.Reused:
		return refuse(CodeSessionReused, "the refresh token was used before, so its session was ended; sign in again")
	default:
		return refuse(CodeUnauthenticated, "sign in to continue")
	}
}
