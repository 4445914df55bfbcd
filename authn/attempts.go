package authn

import (
	"context"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// beginLogin counts the attempt and reads the credentials, zero ones for a name that nobody
// has. The attempt is nil when there are no limits. It fails with [CodeRateLimited] when it
// comes too early.
func (s *Service) beginLogin(ctx context.Context, a Actor, username string, now time.Time) (store.Credentials, *store.Attempt, error) {
	t := s.rules.Load().throttle
	if t == nil {
		creds, err := s.credentials(ctx, username)
		return creds, nil, err
	}
	folded, err := foldUsername(username)
	if err != nil {
		folded = ""
	}
	ip, _ := netip.ParseAddr(a.RemoteAddr)
	attempt := t.attempt(username, folded, AddressBlock(ip), now)
	admission, err := s.store.BeginLogin(ctx, attempt)
	if err != nil {
		return store.Credentials{}, nil, err
	}
	if admission.Ceiling {
		s.capped.Add(1)
		s.RefusedByLimit(ctx, a, "failed sign-ins of all accounts")
		return store.Credentials{}, nil, &Error{
			Code: CodeRateLimited, Message: "too many sign-ins have failed here, try again later, or from where you have signed in before", RetryAfter: admission.RetryAt.Sub(now),
		}
	}
	if !admission.RetryAt.IsZero() {
		s.throttled.Add(1)
		s.RefusedByLimit(ctx, a, "sign-ins of one account")
		return store.Credentials{}, nil, &Error{
			Code: CodeRateLimited, Message: "too many failed sign-ins, try again later", RetryAfter: admission.RetryAt.Sub(now),
		}
	}
	return admission.Credentials, &attempt, nil
}

// settleWithin is how long it may take to write down what became of an attempt.
const settleWithin = 5 * time.Second

// settling outlives a client that hangs up. That must neither hide a guess, right or wrong, or
// a refusal, nor make a failure of an attempt that had no slot.
func settling(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
}

// takeBack counts an attempt off again after an error that says nothing about the password.
func (s *Service) takeBack(ctx context.Context, attempt *store.Attempt, cause error) error {
	if attempt == nil || CodeOf(cause) != CodeOverloaded {
		return cause
	}
	ctx, done := settling(ctx)
	defer done()
	if err := s.store.TakeBackLogin(ctx, *attempt); err != nil {
		return fail(err)
	}
	return cause
}

// disableAfter is how many failures in a row disable a password; 0 for any number.
func (s *Service) disableAfter() int {
	if t := s.rules.Load().throttle; t != nil {
		return t.DisableAfter
	}
	return 0
}

// trailPause is between two audit events of requests that a limit has refused.
const trailPause = time.Second

// RefusedByLimit writes to the audit trail that a limit has refused a request; once in a while,
// for there may be thousands a second. Metrics count them all.
func (s *Service) RefusedByLimit(ctx context.Context, a Actor, which string) {
	now := s.now()
	last := s.trailed.Load()
	since := now.Sub(time.UnixMicro(last))
	if since >= 0 && since < trailPause || !s.trailed.CompareAndSwap(last, now.UnixMicro()) { // a clock may be set back
		return
	}
	ctx, done := settling(ctx)
	defer done()
	e := a.event(store.ActionRateLimited, now)
	e.Reason = which
	_ = s.store.Record(ctx, e) // the refusal does not depend on it
}

// Throttled returns how many attempts to sign in were refused for their account's sake.
func (s *Service) Throttled() uint64 { return s.throttled.Load() }

// Capped returns how many attempts to sign in were refused because too many of all accounts have
// failed.
func (s *Service) Capped() uint64 { return s.capped.Load() }

// UnlockUser enables a password that too many failures have disabled, and forgets the
// failures of the account, from wherever. It fails with [CodeUserNotFound].
func (s *Service) UnlockUser(ctx context.Context, a Actor, nameOrID string) (store.User, error) {
	user, err := s.User(ctx, nameOrID)
	if err != nil {
		return store.User{}, err
	}
	return s.change(ctx, a, user, store.ActionUserUnlocked, s.store.UnlockUser)
}

// Attempts returns one page of the counters with failures that still matter.
func (s *Service) Attempts(ctx context.Context, p store.AttemptsPage) ([]store.AttemptCounter, error) {
	p.Since = s.now().Add(-attemptsKept)
	list, err := s.store.Attempts(ctx, p)
	if err != nil {
		return nil, fail(err)
	}
	return list, nil
}

// ClearAttempts forgets the failed sign-ins of a user (zero for everybody), from a block of
// addresses (the zero Prefix for all), and returns how many counters that were, also when it
// fails before the last.
func (s *Service) ClearAttempts(ctx context.Context, a Actor, userID uuid.UUID, from netip.Prefix) (cleared int, err error) {
	e := a.event(store.ActionAttemptsCleared, s.now())
	e.UserID = userID
	for {
		n, err := s.store.ClearAttempts(ctx, userID, BlockName(from), clearPage, e)
		cleared += n
		if err != nil {
			return cleared, fail(err)
		}
		if n < clearPage {
			return cleared, nil
		}
	}
}

// clearPage is how many counters are cleared at a time, so that nobody who signs in meanwhile
// waits for all of them.
const clearPage = 10_000

// attemptsKept is how long a counter may matter after its latest attempt: the longest delay,
// and the longest quiet time after it.
const attemptsKept = 24*time.Hour + quietAnywhere

// forgetAttempts deletes counters, and places, that do not matter any more.
func (s *Service) forgetAttempts(ctx context.Context, now time.Time) error {
	for _, old := range []struct {
		remove func(ctx context.Context, before time.Time, after int64, limit int) (next int64, err error)
		kept   time.Duration
	}{{s.store.DeleteOldAttempts, attemptsKept}, {s.store.DeleteOldPlaces, knownFor}} {
		for after := int64(-1); ; {
			next, err := old.remove(ctx, now.Add(-old.kept), after, selectPage)
			if err != nil {
				return err
			}
			if next < 0 {
				break
			}
			after = next
		}
	}
	return nil
}
