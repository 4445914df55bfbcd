package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Revocations is the part of [Store] about the feed of revocations.
type Revocations interface {
	// Revocations reads the feed. It returns every entry that was committed after the reading that
	// returned the position after, whatever the order in which their transactions began. When after
	// is "" or belongs to another history, it returns every entry at or later than since. The first
	// takes one statement; the second may take several, to keep each of them short.
	Revocations(ctx context.Context, after Position, since time.Time) (Feed, error)

	// WatchRevocations calls wake when it begins to watch, and then each time that any process may
	// have appended to the feed. It returns when ctx ends or watching fails, always with an error.
	// A call may come late or not at all, so callers must also read the feed at intervals.
	WatchRevocations(ctx context.Context, wake func()) error

	// RaiseGenerations raises the generation of the installation, and of each user or service account
	// in users, to the given number where it is below that. For each one that it raises it appends an
	// entry to the feed and writes e. It returns how many it raised. It ignores those who do not exist.
	RaiseGenerations(ctx context.Context, installation int64, users map[uuid.UUID]int64, e Event) (raised int, err error)

	// RaiseRights raises the generation of the rights of each user, and the generation of each service
	// account, that is below the given one, by the rule of [Generation] and above the given one. For
	// each one that it raises it appends an entry to the feed and writes e. It returns how many it
	// raised. It ignores those who do not exist.
	RaiseRights(ctx context.Context, users map[uuid.UUID]int64, e Event) (raised int, err error)

	// DeleteOldRevocations removes up to limit entries that are older than before and returns how
	// many it removed.
	DeleteOldRevocations(ctx context.Context, before time.Time, limit int) (int, error)
}

// Revocation is one entry of the feed. The feed tells every server which sessions have ended, whose
// rights have changed, and when the signing keys have changed. Reading an entry twice is harmless.
//
// An entry about rights has At, UserID and Rights only. Servers of older releases see an entry
// that ends nothing.
type Revocation struct {
	Keys       bool // only the signing keys have changed; no other field but At is set
	At         time.Time
	UserID     uuid.UUID // the user whose sessions have ended, or the service account whose tokens have; zero for everybody
	SessionID  uuid.UUID // the session that has ended; zero for all sessions of UserID
	Generation int64     // tokens of an earlier generation of the user (even a deleted one) or of the installation are dead; 0 for one session
	Spared     uuid.UUID // a session of the user whose earlier tokens stay good; zero for none
	Rights     int64     // access tokens of an earlier generation of the user's rights must be refreshed; 0 when the entry is not about rights
}

// Position is how far a server has read the feed, within one history of the database. Only the
// backend that returned it can interpret it. "" is the position before the first entry.
type Position string

// History names the sequence of commits that a database is in. A promoted replica, a restored
// backup and another database at the same address are other histories: a position in one has no
// meaning in another.
type History struct {
	System string // identifies the database system; "" when it has no identity
	Line   string // changes when the system loses commits or is promoted; "" when the backend cannot tell
	Start  string // identifies the start of the database's server, which may have opened other data; "" when there is no server
}

// Feed is the result of one reading of the revocations.
type Feed struct {
	Position     Position     // where the next reading continues
	History      History      // the history of Position
	Whole        bool         // Entries holds everything since the instant asked for, not only new entries
	Installation int64        // the installation's current generation
	Clock        time.Time    // the database's clock at the reading
	Entries      []Revocation // in no particular order
}
