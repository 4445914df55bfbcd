package authn

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// deadSessionsKept is how long an expired session's row stays, so that a late
// refresh is told that the session expired.
const deadSessionsKept = 24 * time.Hour

// Sessions returns one page of the sessions that are alive now, ordered by id.
func (s *Service) Sessions(ctx context.Context, p store.SessionPage) ([]store.Session, error) {
	p.Now = s.now()
	sessions, err := s.store.Sessions(ctx, p)
	if err != nil {
		return nil, fail(err)
	}
	return sessions, nil
}

// CountSessions returns how many sessions a revocation of this scope would end.
func (s *Service) CountSessions(ctx context.Context, scope store.Scope) (store.SessionCount, error) {
	count, err := s.store.CountSessions(ctx, scope, s.now())
	if err != nil {
		return store.SessionCount{}, fail(err)
	}
	return count, nil
}

// EndSession ends one session by its id, or fails with [CodeSessionNotFound].
func (s *Service) EndSession(ctx context.Context, a Actor, id uuid.UUID) error {
	ended, err := s.store.EndSession(ctx, id, a.event(store.ActionSessionRevoked, s.now()))
	if err != nil {
		return fail(err)
	}
	if !ended {
		return refuse(CodeSessionNotFound, "there is no session "+id.String())
	}
	return nil
}

// EndSessions ends every session in scope at once, by generation: what it took
// to issue them is out of date from the moment that it returns. It fails with
// [CodeUserNotFound] when the scope's user does not exist.
func (s *Service) EndSessions(ctx context.Context, a Actor, scope store.Scope) error {
	e := a.event(store.ActionSessionsRevoked, s.now())
	e.UserID = scope.UserID()
	err := s.store.EndSessions(ctx, scope, e)
	if errors.Is(err, store.ErrNotFound) {
		return refuse(CodeUserNotFound, "there is no such user")
	}
	if err != nil {
		return fail(err)
	}
	return nil
}

// Sweep deletes up to limit rows of sessions that can never be used again and
// returns how many it deleted; fewer than limit means that none is left.
func (s *Service) Sweep(ctx context.Context, limit int) (int, error) {
	n, err := s.store.DeleteDeadSessions(ctx, s.now().Add(-deadSessionsKept), limit)
	if err != nil {
		return n, fail(err)
	}
	return n, nil
}
