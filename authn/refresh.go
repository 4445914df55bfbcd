package authn

import (
	"context"
	"errors"
	"time"

	"github.com/authctl/authctl/store"
)

var errRevoked = refuse(CodeSessionRevoked, "the session was ended, sign in again")

var errSeal = errors.New("sealed successor does not open to the current token")

// Refresh exchanges a refresh token for its successor and a fresh access token. A token that was
// replaced within the retry window yields the newest successor again, whoever has used those in
// between. So tabs that wake together, and clients that lost an answer, converge on one token.
//
// It fails with [CodeUnauthenticated] for a token of no session, and with [CodeSessionExpired]. It
// fails with [CodeSessionRevoked] after a revocation by an operator, a password change or the
// disabling of the account, and when the database has lost the rotation that made the token. It
// fails with [CodeSessionReused] when the token was used before; the session has then been ended,
// because either client may be a thief.
func (s *Service) Refresh(ctx context.Context, a Actor, token string) (Grant, error) {
	presented, ok := parseRefreshToken(token)
	if !ok {
		s.rotations[store.Unknown].Add(1)
		return Grant{Outcome: store.Unknown}, refuse(CodeUnauthenticated, "sign in to continue")
	}
	if s.Cluster.pending.has(presented.sessionID()) {
		s.rotations[store.Revoked].Add(1)
		return Grant{Outcome: store.Revoked}, errRevoked
	}
	if err := s.Keys.CanSign(); err != nil {
		return Grant{}, err
	}
	now := s.now()
	next, rotation := s.rotate(presented, now)
	began := time.Now()
	result, err := s.store.Rotate(ctx, rotation, a.event(store.ActionRefreshRefused, now))
	s.Cluster.outage.wrote(began, err, s.Cluster.outageAfter())
	if err != nil {
		return Grant{}, fail(err)
	}
	s.rotations[result.Outcome].Add(1)
	if result.Outcome == store.Reused || result.Outcome == store.Lost {
		s.Cluster.feed.add(store.Revocation{At: now, SessionID: presented.sessionID()})
	}
	if result.Outcome == store.Retried {
		if next, ok = presented.open(result.Successors); !ok {
			return Grant{Outcome: result.Outcome}, fail(errSeal)
		}
	}
	if err := refusal(result.Outcome); err != nil {
		return Grant{Outcome: result.Outcome}, err
	}
	g, err := s.grant(a, result.User, result.Session, next, now)
	g.Outcome = result.Outcome
	return g, err
}

// rotate returns the successor of the presented token, and the rotation to request from the store.
func (s *Service) rotate(presented refreshToken, now time.Time) (next refreshToken, r store.Rotation) {
	began, steps := s.clock(), s.rules.Load().steps
	step := steps.read(presented)
	nextStep := step + 1
	if step == 0 {
		nextStep = firstStep(now)
	}
	next = steps.mark(presented.next(), nextStep)
	hash := next.hash()
	return next, store.Rotation{
		SessionID:   presented.sessionID(),
		TokenHash:   presented.hash(),
		Step:        step,
		NextHash:    hash,
		NextStep:    nextStep,
		Successor:   presented.seal(next, hash),
		At:          now,
		ExpiresAt:   now.Add(s.refresh),
		RetryWindow: s.retry,
		Clock:       s.databaseClock(),
		Resuming: func() bool {
			return s.Cluster.announced.Load() != nil && s.Cluster.outage.resuming(s.Cluster.outageAfter())
		}, // a node records it in the database
		Waited: func() time.Duration { return s.clock().Sub(began) },
	}
}

// refusal returns the error of an outcome that yields no token.
func refusal(o store.Outcome) error {
	switch o {
	case store.Rotated, store.Retried:
		return nil
	case store.Expired:
		return refuse(CodeSessionExpired, "the session has expired, sign in again")
	case store.Revoked, store.Disabled, store.Lost:
		return errRevoked
	case store.Reused:
		return refuse(CodeSessionReused, "the refresh token was used before, so its session was ended; sign in again")
	default:
		return refuse(CodeUnauthenticated, "sign in to continue")
	}
}
