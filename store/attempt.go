package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Attempts is the part of [Store] about attempts to sign in, and about the places where accounts
// have signed in.
type Attempts interface {
	// BeginLogin counts an attempt to sign in and returns the credentials of a.Folded, zero ones
	// when nobody has that name. It takes one round trip, the same for every name. An attempt that
	// comes before a counter's delay is over is refused: it is not counted, and RetryAt says when
	// the next one may come. Concurrent attempts cannot exceed the limit. On PostgreSQL, an
	// attempt that meets another of the same moment may be counted in Here although Anywhere
	// refuses it. A counter without a delay or without failures refuses nobody, however far the
	// clocks of the processes are apart. Once the ceiling is reached, every attempt is refused
	// until a.Ceiling.Until, unless it comes from a.Known.
	BeginLogin(ctx context.Context, a Attempt) (Admission, error)

	// TakeBackLogin undoes the count of an admitted attempt whose password was not checked.
	TakeBackLogin(ctx context.Context, a Attempt) error

	// FailLogin writes e and adds one to the failed logins of e.UserID, unless that is zero. When
	// the sum reaches disableAt, and disableAt is not 0, it disables the password and writes a
	// second event, [ActionPasswordDisabled], and queues notice, nil for none. It also counts the
	// failure in c, even if nobody has the name.
	FailLogin(ctx context.Context, disableAt int, c Ceiling, notice *NewMail, e Event) error

	// UnlockUser forgets a user's failed logins and attempt counters, and enables the password
	// again. [ErrNotFound] when there is no such user.
	UnlockUser(ctx context.Context, id uuid.UUID, e Event) (User, error)

	// Attempts returns one page of the counters that have failures, ordered by slot.
	Attempts(ctx context.Context, p AttemptsPage) ([]AttemptCounter, error)

	// ClearAttempts resets counters: it forgets their failures, ends their delays, and writes e.
	// userID selects the counters of a user, address those of a block of addresses, both together
	// their intersection, neither all. It resets up to limit counters that have failures and
	// returns how many. With neither it also forgets the failures that ceilings count; the returned
	// number does not include those.
	ClearAttempts(ctx context.Context, userID uuid.UUID, address string, limit int, e Event) (int, error)

	// DeleteOldAttempts removes old counters. It reads up to limit counters in the slots after the
	// slot after, -1 for the first page, and removes those whose latest attempt was before an
	// instant. next is the slot to continue after, -1 when none is left.
	DeleteOldAttempts(ctx context.Context, before time.Time, after int64, limit int) (next int64, err error)

	// DeleteOldPlaces does the same for the places where accounts have signed in, by their latest
	// success.
	DeleteOldPlaces(ctx context.Context, before time.Time, after int64, limit int) (next int64, err error)
}

// Attempt is one try to sign in by password. It is counted as a failure before the password is
// checked, so that parallel guesses cannot slip past, and it is uncounted when it succeeds. It is
// counted twice: in Here for the account from this address block, and in Anywhere for the account
// from all addresses.
type Attempt struct {
	At       time.Time
	Folded   string // username; "" for one that nobody can have
	Address  string // the client's block of addresses; "" when unknown
	Here     Counter
	Anywhere Counter
	Known    Place // if the account has signed in from this place lately, Anywhere and Ceiling do not refuse it
	Ceiling  Ceiling
}

// Ceiling limits how many sign-ins may fail within a window of time, across all accounts and
// addresses. Failures are counted in several slots, so that transactions do not wait for each
// other.
type Ceiling struct {
	Max    int       // max failures in the window; 0 for no ceiling
	First  int64     // the first of the slots; all of them are greater than the slots of counters
	Slots  int64     // how many slots there are
	Slot   int64     // the slot that counts this failure
	Window int64     // number of the window; a process whose clock is ahead may be in the next one
	Until  time.Time // the end of the window
}

// CeilingAddress is the address of a ceiling's slots, in the column where counters have a block of
// addresses.
const CeilingAddress = "*"

// Counter says where attempts of one kind are counted. Counters share a fixed number of slots, so
// that invented names cannot fill the database. A counter that needs a slot of another counter
// replaces it.
type Counter struct {
	Slot   int64 // all slots of Anywhere are greater than those of Here
	Key    int64 // identifies the owner of the slot
	Delays []time.Duration
	Quiet  time.Duration // counting starts again at one this long after the latest delay has ended
}

// Place says where the store remembers that an account has signed in from an address block. The
// number of slots is limited too, but only a success can take one.
type Place struct {
	Slot  int64
	Key   int64     // identifies the owner of the slot
	Since time.Time // earlier successes do not count
}

// Admission is the decision of [Store.BeginLogin].
type Admission struct {
	Credentials Credentials // zero when nobody has the name
	RetryAt     time.Time   // when the next attempt may come; zero when this one is admitted
	Ceiling     bool        // the attempt is refused because the ceiling is reached
}

// AttemptCounter is one counter as operators see it.
type AttemptCounter struct {
	Slot       int64
	UserID     uuid.UUID // zero when nobody has the name
	Username   string    // "" when nobody has the name
	Address    string    // "" for attempts from anywhere
	Failures   int
	LastAt     time.Time
	NextAt     time.Time // attempts before this are refused
	SignedInAt time.Time // the latest success from this address block; zero for none
}

// AttemptsPage selects a page of the counters with failures, ordered by slot.
type AttemptsPage struct {
	UserID  uuid.UUID // only counters of this user; zero for all
	Address string    // only counters of this block of addresses; "" for all
	Since   time.Time // only counters with an attempt since then
	After   int64     // only slots after this; -1 for the first page
	Limit   int       // max counters to return, at least 1
}
