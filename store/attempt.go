package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// SignIns is what a [Store] does with attempts to sign in, and with the places where accounts have done so.
type SignIns interface {
	// BeginLogin counts an attempt to sign in and returns the credentials of a.Folded,
	// zero ones when nobody has that name: one round trip, the same for every name. An
	// attempt that comes before a counter's delay is over is refused: it is not counted,
	// and RetryAt says when the next one may come. Of attempts at the same time no more
	// get through than the delays let; one that only Anywhere refuses because of the
	// others may stay counted Here. A counter without a delay, or without failures,
	// refuses nobody, however far the clocks of the processes are apart. Once as many sign-ins
	// have failed as a.Ceiling allows, an attempt is refused unless it comes from a.Known, until a.Ceiling.Until.
	BeginLogin(ctx context.Context, a Attempt) (Admission, error)

	// TakeBackLogin counts an attempt off again that was let through, and whose password
	// nobody has looked at.
	TakeBackLogin(ctx context.Context, a Attempt) error

	// FailLogin writes e and adds one to the failed logins of e.UserID, unless that is zero.
	// When there are disableAt of them or more, and disableAt is not 0, it disables the
	// password, and writes a second event, [ActionPasswordDisabled].
	// It counts the failure in c as well, also for nobody's name.
	FailLogin(ctx context.Context, disableAt int, c Ceiling, e Event) error

	// UnlockUser forgets the failed logins of a user and the attempts that are counted
	// for it, and enables the password again. [ErrNotFound] when there is no such user.
	UnlockUser(ctx context.Context, id uuid.UUID, e Event) (User, error)

	// Attempts returns one page of the counters that have failures, by slot.
	Attempts(ctx context.Context, p AttemptsPage) ([]AttemptCounter, error)

	// ClearAttempts forgets the failures in the counters of a user, of a block of addresses,
	// of the one from the other, or with neither in all, ends their delays, and writes e.
	// It does so in up to limit counters that have failures, and returns in how many. With neither
	// the failures that ceilings count are forgotten too, which are none of these counters.
	ClearAttempts(ctx context.Context, userID uuid.UUID, address string, limit int, e Event) (int, error)

	// DeleteOldAttempts looks at up to limit counters in slots after a slot, -1 for all, and
	// removes those whose latest attempt was before an instant. It returns the slot to go on
	// after, -1 when none is left.
	DeleteOldAttempts(ctx context.Context, before time.Time, after int64, limit int) (next int64, err error)

	// DeleteOldPlaces is the same for the places where accounts have signed in, by the
	// latest success.
	DeleteOldPlaces(ctx context.Context, before time.Time, after int64, limit int) (next int64, err error)
}

// Attempt is one try at signing in by password. It is counted before anybody looks at the
// password, as a failure until it succeeds, so that parallel guesses cannot slip past. It is
// counted twice: for the account from this address block, and for the account from anywhere.
type Attempt struct {
	At       time.Time
	Folded   string // username; "" for one that nobody can have
	Address  string // the block of addresses that it comes from; "" when unknown
	Here     Counter
	Anywhere Counter
	Known    Place // where the account has signed in lately, and Anywhere and Ceiling do not hold it back
	Ceiling  Ceiling
}

// Ceiling is how many sign-ins may fail within a window of time, of all accounts from anywhere.
// Failures are counted in several slots, so that they do not wait for each other.
type Ceiling struct {
	Most   int   // 0 for no ceiling
	First  int64 // of the slots, which are all greater than those of counters
	Slots  int64
	Slot   int64     // where this failure is counted
	Window int64     // number of the window; of the clocks of two processes one may be a window ahead
	Until  time.Time // its end
}

// CeilingAddress stands where counters have a block of addresses.
const CeilingAddress = "*"

// Counter is where attempts of one kind are counted. Counters live in a fixed number of
// slots, so that names nobody has cannot fill the database; one that comes to a
// slot of another takes its place.
type Counter struct {
	Slot   int64 // Anywhere's are all greater than Here's
	Key    int64 // whose the slot is
	Delays []time.Duration
	Quiet  time.Duration // counting begins anew this long after the latest delay was over
}

// Place is where it is remembered that an account has signed in from an address block. These
// slots are limited too, but only successes take them.
type Place struct {
	Slot  int64
	Key   int64     // whose the slot is
	Since time.Time // what was before this is forgotten
}

// Admission is what [Store.BeginLogin] decides.
type Admission struct {
	Credentials Credentials // zero when nobody has the name
	RetryAt     time.Time   // when the next attempt may come; zero when this one may go on
	Ceiling     bool        // it is refused because of the ceiling
}

// AttemptCounter is one counter as an operator sees it.
type AttemptCounter struct {
	Slot       int64
	UserID     uuid.UUID // zero when the name was nobody's
	Username   string    // "" when the name was nobody's
	Address    string    // "" for attempts from anywhere
	Failures   int
	LastAt     time.Time
	NextAt     time.Time // attempts before this are refused
	SignedInAt time.Time // the latest success from this address block; zero for none
}

// AttemptsPage selects counters with failures, by slot.
type AttemptsPage struct {
	UserID  uuid.UUID // only this user's; zero for all
	Address string    // only of this block of addresses; "" for all
	Since   time.Time // only with an attempt since then
	After   int64     // only slots after this; -1 for the first page
	Limit   int       // at most this many, at least 1
}
