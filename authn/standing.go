package authn

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// Listed is a user in a list, with the state of the password.
type Listed struct {
	User     store.User
	Password StoredPassword
}

func listed(c store.Credentials) Listed {
	l := Listed{User: c.User, Password: DescribeHash(c.PasswordHash)}
	if l.Password.State == PasswordUsable && c.User.PasswordDisabled() {
		l.Password.State = PasswordDisabled
	}
	return l
}

// Standing is the state of an account at an instant.
type Standing struct {
	Listed
	Sessions   int64     // live sessions
	LastSignIn time.Time // zero when neither the audit trail nor a session records one
	Holds      []Hold    // what prevents signing in with the password now; none when nothing does
}

// HoldKind names what prevents a user from signing in.
type HoldKind string

// The kinds.
const (
	HoldDisabled           HoldKind = "disabled"
	HoldNoPassword         HoldKind = "no_password"
	HoldPasswordDisabled   HoldKind = "password_disabled"
	HoldPasswordUnreadable HoldKind = "password_unreadable"
	HoldFailuresAnywhere   HoldKind = "failed_sign_ins" // from all addresses together; places where the account has signed in within 30 days are exempt
	HoldFailuresHere       HoldKind = "failed_sign_ins_of_addresses"
)

// Hold is one thing that prevents a user from signing in.
type Hold struct {
	Kind      HoldKind
	Since     time.Time // when the user or password was disabled; zero for failed sign-ins
	Until     time.Time // for failed sign-ins, the end of the longest delay; else zero
	Addresses int       // for HoldFailuresHere, the number of address blocks that must wait
}

// Standing returns the current state of the account with this id. It fails with [CodeUserNotFound].
// It does not consider limits that are not about one account, such as those of an address or of the
// installation.
func (s *Service) Standing(ctx context.Context, id uuid.UUID) (Standing, error) {
	now := s.now()
	c, err := s.store.CredentialsByID(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return Standing{}, notFound(id.String())
	}
	if err != nil {
		return Standing{}, fail(err)
	}
	st := Standing{Listed: listed(c)}
	count, err := s.CountSessions(ctx, store.OfUser(id))
	if err != nil {
		return Standing{}, err
	}
	st.Sessions = count.Sessions
	if st.LastSignIn, err = s.store.LastSignIn(ctx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
		return Standing{}, fail(err)
	}
	waits, err := s.waits(ctx, id, now)
	st.Holds = append(st.holds(), waits...)
	return st, err
}

// holds returns the holds that the account itself shows.
func (l Listed) holds() (holds []Hold) {
	if l.User.Disabled() {
		holds = append(holds, Hold{Kind: HoldDisabled, Since: l.User.DisabledAt})
	}
	switch l.Password.State {
	case PasswordNone:
		holds = append(holds, Hold{Kind: HoldNoPassword})
	case PasswordDisabled:
		holds = append(holds, Hold{Kind: HoldPasswordDisabled, Since: l.User.PasswordDisabledAt})
	case PasswordUnreadable:
		holds = append(holds, Hold{Kind: HoldPasswordUnreadable})
	}
	return holds
}

// waits returns the holds of an account because of failed sign-ins.
func (s *Service) waits(ctx context.Context, id uuid.UUID, now time.Time) (holds []Hold, err error) {
	if s.rules.Load().throttle == nil {
		return nil, nil
	}
	anywhere, here := Hold{Kind: HoldFailuresAnywhere}, Hold{Kind: HoldFailuresHere}
	for after, last := int64(-1), false; !last; {
		page, err := s.Attempts(ctx, store.AttemptsPage{UserID: id, After: after, Limit: batchSize})
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			after = c.Slot
			switch {
			case !c.NextAt.After(now):
			case c.Address == "":
				anywhere.Until = c.NextAt
			default:
				here.Addresses++
				here.Until = latest(here.Until, c.NextAt)
			}
		}
		last = len(page) < batchSize
	}
	for _, hold := range []Hold{anywhere, here} {
		if !hold.Until.IsZero() {
			holds = append(holds, hold)
		}
	}
	return holds, nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// NameFreeAt returns when the public may register a username that a deleted user had, and when the
// latest of those users was deleted. Both are zero for a name that is free at once.
func (s *Service) NameFreeAt(ctx context.Context, username string) (free, released time.Time, err error) {
	folded, err := foldUsername(username)
	if err != nil {
		return time.Time{}, time.Time{}, nil
	}
	released, err = s.store.ReleasedAt(ctx, folded)
	if errors.Is(err, store.ErrNotFound) {
		return time.Time{}, time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, time.Time{}, fail(err)
	}
	if free = released.Add(s.rules.Load().free); !free.After(s.now()) {
		return time.Time{}, time.Time{}, nil
	}
	return free, released, nil
}
