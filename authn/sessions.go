package authn

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// deadSessionsKept is how long the row of an expired session stays, so that a late refresh gets the
// answer that the session has expired.
const deadSessionsKept = 24 * time.Hour

// Sessions reads one page of the session rows, ordered by id, and returns those that are alive now.
// next is the id to continue after, zero when none is left.
func (s *Service) Sessions(ctx context.Context, p store.SessionPage) (sessions []store.Session, next uuid.UUID, err error) {
	p.Now = s.now()
	if sessions, next, err = s.store.Sessions(ctx, p); err != nil {
		return nil, uuid.Nil, fail(err)
	}
	return sessions, next, nil
}

// UserSessions returns one page of a user's sessions that are alive now, newest first.
func (s *Service) UserSessions(ctx context.Context, p store.UserSessionPage) ([]store.Session, error) {
	p.Now = s.now()
	sessions, err := s.store.UserSessions(ctx, p)
	if err != nil {
		return nil, fail(err)
	}
	return sessions, nil
}

// The first page of a count is small, so that a first number comes soon. Each page is twice
// as large as the one before.
const (
	firstCountPage = 1000 // session rows
	countPage      = 16_000
)

// CountSessions returns how many sessions a revocation of this scope would end. When it fails, it
// returns the count so far beside the error.
func (s *Service) CountSessions(ctx context.Context, scope store.Scope) (total store.SessionCount, err error) {
	page := store.CountPage{Scope: scope, Now: s.now(), Limit: firstCountPage}
	for {
		count, next, err := s.store.CountSessions(ctx, page)
		if err != nil {
			return total, fail(err)
		}
		total.Sessions += count.Sessions
		total.Users += count.Users
		if next == uuid.Nil {
			return total, nil
		}
		page.After, page.Limit = next, min(2*page.Limit, countPage)
	}
}

// EndSession ends one session by its id. It fails with [CodeSessionNotFound].
func (s *Service) EndSession(ctx context.Context, a Actor, id uuid.UUID) error {
	ended, err := s.store.EndSession(ctx, id, a.event(store.ActionSessionRevoked, s.now()))
	if err != nil {
		return fail(err)
	}
	if !ended {
		return refuse(CodeSessionNotFound, "there is no session "+id.String())
	}
	s.Cluster.catchUp(ctx)
	return nil
}

// EndSessions ends every session in scope at once, by raising a generation. It returns the new
// generation. Tokens issued under an older one are refused from then on. It fails with
// [CodeUserNotFound] when the scope's user does not exist.
func (s *Service) EndSessions(ctx context.Context, a Actor, scope store.Scope) (generation int64, err error) {
	e := a.event(store.ActionSessionsRevoked, s.now())
	e.UserID = scope.UserID()
	generation, err = s.store.EndSessions(ctx, scope, e)
	if errors.Is(err, store.ErrNotFound) {
		return 0, refuse(CodeUserNotFound, "there is no such user")
	}
	if err != nil {
		return 0, fail(err)
	}
	s.Cluster.catchUp(ctx)
	return generation, nil
}

// Sweep deletes the rows of the sessions in scope that can never be used again, calling each, if
// not nil, with the running total. Stopping it at any time loses nothing.
func (s *Service) Sweep(ctx context.Context, scope store.Scope, each func(deleted int64)) (deleted int64, err error) {
	page := store.DeadSessionPage{UserID: scope.UserID(), ExpiredBefore: s.now().Add(-deadSessionsKept), Limit: batchSize}
	for {
		n, next, err := s.store.DeleteDeadSessions(ctx, page)
		deleted += int64(n)
		if err != nil {
			return deleted, fail(err)
		}
		if each != nil {
			each(deleted)
		}
		if next == uuid.Nil {
			return deleted, nil
		}
		page.After = next
	}
}

const (
	revocationsKept = 2 * time.Hour  // longer than the life of an access token on any node
	nodesKept       = 24 * time.Hour // so that operators can see which nodes have died

	// mailKept is how long a mail that has ended stays in the outbox. A one-time token stays as long
	// after its expiry, so that a link that is opened twice is still known.
	mailKept = 7 * 24 * time.Hour
)

// Forget deletes data that no longer has an effect: revocations and retired keys that no living
// access token can need, nodes that were not seen for a day, released names whose quarantine is
// over, mails that ended a week ago, and one-time tokens that expired a week ago.
func (s *Service) Forget(ctx context.Context) error {
	now := s.now()
	if err := s.store.RemoveOldNodes(ctx, now.Add(-nodesKept)); err != nil {
		return fail(err)
	}
	if err := s.store.DeleteOldSigningKeys(ctx, now); err != nil {
		return fail(err)
	}
	if err := s.forgetAttempts(ctx, now); err != nil {
		return fail(err)
	}
	err := deletePages(func() (int, error) {
		return s.store.DeleteOldReleasedNames(ctx, now.Add(-s.rules.Load().free), batchSize)
	})
	if err != nil {
		return err
	}
	err = deletePages(func() (int, error) {
		return s.store.DeleteOldRevocations(ctx, now.Add(-revocationsKept), batchSize)
	})
	if err != nil {
		return err
	}
	for _, remove := range []func(context.Context, time.Time, int) (int, error){s.store.DeleteOldMail, s.store.DeleteOldMailTokens} {
		if err := deletePages(func() (int, error) { return remove(ctx, now.Add(-mailKept), batchSize) }); err != nil {
			return err
		}
	}
	return nil
}

// deletePages calls do until it deletes less than a page.
func deletePages(do func() (deleted int, err error)) error {
	for {
		n, err := do()
		if err != nil {
			return fail(err)
		}
		if n < batchSize {
			return nil
		}
	}
}
