package authn

import (
	"context"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// beginLogin counts an attempt for a username, and reads the credentials of its folded form. They are
// zero if nobody has that, and if it is "".
// The attempt is nil when there are no limits. It fails with [CodeRateLimited] when the attempt
// comes too early.
func (s *Service) beginLogin(ctx context.Context, a Actor, username, folded string, now time.Time) (store.Credentials, *store.Attempt, error) {
	t := s.rules.Load().throttle
	if t == nil {
		creds, err := s.credentials(ctx, folded)
		return creds, nil, err
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

// recordWithin is how long recording the result of an attempt may take.
const recordWithin = 5 * time.Second

// recording returns a context that outlives the client's, for recording the result of an attempt. A
// client that hangs up must not hide a guess or a refusal, nor turn an attempt without a queue slot
// into a failure.
func recording(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
}

// takeBack undoes the count of an attempt after a refusal that does not mean that the password is
// wrong. After a fault it stays counted, because what the fault has prevented is not known.
func (s *Service) takeBack(ctx context.Context, attempt *store.Attempt, cause error) error {
	switch CodeOf(cause) {
	case CodeUnavailable, CodeSchema, CodeInternal:
		return cause
	}
	return s.uncount(ctx, attempt, cause)
}

// uncount undoes the count of an attempt that was no failure, and returns cause, which may be nil.
func (s *Service) uncount(ctx context.Context, attempt *store.Attempt, cause error) error {
	if attempt == nil {
		return cause
	}
	ctx, done := recording(ctx)
	defer done()
	if err := s.store.TakeBackLogin(ctx, *attempt); err != nil {
		return fail(err)
	}
	return cause
}

// disableAfter returns how many consecutive failures disable a password; 0 for never.
func (s *Service) disableAfter() int {
	if t := s.rules.Load().throttle; t != nil {
		return t.DisableAfter
	}
	return 0
}

// auditPause is the min time between two audit events of requests that a limit refused.
const auditPause = time.Second

// RefusedByLimit records in the audit trail that a limit refused a request. It writes at most one
// event per second, because there may be thousands of refusals. Metrics count them all.
func (s *Service) RefusedByLimit(ctx context.Context, a Actor, which string) {
	now := s.now()
	last := s.lastAudit.Load()
	since := now.Sub(time.UnixMicro(last))
	if since >= 0 && since < auditPause || !s.lastAudit.CompareAndSwap(last, now.UnixMicro()) { // a clock may be set back
		return
	}
	ctx, done := recording(ctx)
	defer done()
	e := a.event(store.ActionRateLimited, now)
	e.Reason = which
	_ = s.store.Record(ctx, e) // the refusal stands even if this fails
}

// Throttled returns how many attempts to sign in were refused by the limits of their account.
func (s *Service) Throttled() uint64 { return s.throttled.Load() }

// Capped returns how many attempts to sign in were refused by the ceiling of all accounts.
func (s *Service) Capped() uint64 { return s.capped.Load() }

// UnlockUser enables a password that failures have disabled, and forgets all failures of the
// account. It fails with [CodeUserNotFound].
func (s *Service) UnlockUser(ctx context.Context, a Actor, nameOrID string) (store.User, error) {
	user, err := s.User(ctx, nameOrID)
	if err != nil {
		return store.User{}, err
	}
	return s.change(ctx, a, user, store.ActionUserUnlocked, s.store.UnlockUser)
}

// Attempts returns one page of the counters with failures that still have an effect.
func (s *Service) Attempts(ctx context.Context, p store.AttemptsPage) ([]store.AttemptCounter, error) {
	p.Since = s.now().Add(-attemptsKept)
	list, err := s.store.Attempts(ctx, p)
	if err != nil {
		return nil, fail(err)
	}
	return list, nil
}

// ClearAttempts forgets the failed sign-ins of a user, from a block of addresses. The zero userID
// means everybody, and the zero Prefix all addresses. It returns how many counters it cleared, even
// when it fails before the last.
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

// clearPage is how many counters one statement clears, so that concurrent sign-ins do not wait for
// all of them.
const clearPage = 10_000

// attemptsKept is how long a counter may have an effect after its latest attempt: the longest delay
// plus the longest quiet time after it.
const attemptsKept = 24*time.Hour + quietAnywhere

// forgetAttempts deletes counters and places that no longer have an effect.
func (s *Service) forgetAttempts(ctx context.Context, now time.Time) error {
	for _, old := range []struct {
		remove func(ctx context.Context, before time.Time, after int64, limit int) (next int64, err error)
		kept   time.Duration
	}{{s.store.DeleteOldAttempts, attemptsKept}, {s.store.DeleteOldPlaces, knownFor}} {
		for after := int64(-1); ; {
			next, err := old.remove(ctx, now.Add(-old.kept), after, batchSize)
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
