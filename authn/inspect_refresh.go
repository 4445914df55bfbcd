package authn

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

func (s *Service) inspectRefresh(ctx context.Context, t refreshToken) (Inspection, error) {
	in := Inspection{Kind: "refresh", SessionID: t.sessionID()}
	if s.store == nil {
		return in.lacks(MissingDatabase, "without the database nobody can tell whether it is its session's current token"), nil
	}
	session, state, err := s.store.SessionState(ctx, in.SessionID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.because(ctx, in, uuid.Nil, "its session has ended, or never was")
	case errors.Is(err, store.ErrUnavailable) && ctx.Err() == nil:
		return in.lacks(MissingDatabase, "the database, which knows whether it is its session's current token, did not answer: %v", err), nil
	case err != nil:
		return in, fail(err)
	}
	in.UserID, in.Username, in.IssuedAt, in.ExpiresAt = session.UserID, session.Username, session.CreatedAt, session.ExpiresAt
	in.Generation, in.Current = session.Generation, state.Current
	outcome := s.judge(t, state)
	if s.noSecret && (outcome == store.Reused || outcome == store.Lost) { // only the secret can tell which of the two
		return in.is(VerdictNotGood, "it is not its session's current token; presenting it would end the session"), nil
	}
	switch outcome {
	case store.Rotated:
		return in.is(VerdictGood, "it is the session's current token"), nil
	case store.Retried:
		return in.is(VerdictGood, "it was replaced a moment ago, and still yields the session's current token"), nil
	case store.Reused:
		return in.is(VerdictNotGood, "it was replaced before; presenting it would end the session"), nil
	case store.Lost:
		return in.is(VerdictNotGood, "it is newer than the database, which has lost the rotation that made it; presenting it would end the session"), nil
	case store.Expired:
		return in.is(VerdictNotGood, "its session expired at %s", in.ExpiresAt.Format(time.RFC3339)), nil
	case store.Disabled:
		return s.because(ctx, in, in.UserID, "its user is disabled")
	default:
		return s.because(ctx, in, in.UserID, "its generation is behind")
	}
}

// judge returns the outcome that a rotation of a session would have now.
func (s *Service) judge(t refreshToken, state store.RotationState) store.Outcome {
	if clock := s.databaseClock(); !clock.IsZero() {
		state.Clock = clock
	}
	step := s.rules.Load().steps.read(t)
	return store.Rotation{TokenHash: t.hash(), Step: step, At: s.now(), RetryWindow: s.retry}.Judge(state)
}
