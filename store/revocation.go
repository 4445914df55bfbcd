package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Revocations is what a [Store] does with the feed of what has ended access.
type Revocations interface {
	// Revocations reads the feed: what has been committed since the reading that
	// after comes from, whatever the order in which it was begun; or, when after is
	// "" or in another history, every entry at or later than since. One statement, or for
	// the latter as many as keep each of them short.
	Revocations(ctx context.Context, after Position, since time.Time) (Feed, error)

	// WatchRevocations calls wake when it begins to watch, and then each time the
	// feed may have grown, by whichever process. It returns when ctx ends or
	// watching is no longer possible, always with an error. Entries may come late
	// to wake, or without it; so read the feed at intervals as well.
	WatchRevocations(ctx context.Context, wake func()) error

	// RaiseGenerations raises the counters of the installation and of those users that
	// are below the numbers given. It appends an entry to the feed and writes e for each
	// that it raises, and returns how many. Users who do not exist are passed over.
	RaiseGenerations(ctx context.Context, installation int64, users map[uuid.UUID]int64, e Event) (raised int, err error)

	// DeleteOldRevocations removes up to limit entries from before an instant and
	// returns how many it removed.
	DeleteOldRevocations(ctx context.Context, before time.Time, limit int) (int, error)
}

// Revocation is one entry of the feed that tells every server what has ended
// access, or that the signing keys have changed. Hearing of one twice is harmless.
type Revocation struct {
	Keys       bool // only the signing keys have changed; of the rest At alone is set
	At         time.Time
	UserID     uuid.UUID // whose; zero for everybody's
	SessionID  uuid.UUID // the one session; zero for all in the scope
	Generation int64     // tokens of an earlier generation of the user, deleted or not, or of the installation, are dead; 0 for one session
	Spared     uuid.UUID // the one session of the user whose earlier tokens stay good; zero for none
}

// Position is how far a server has read the feed, in one history of the database. It
// means something only to the backend that made it; "" is before the beginning.
type Position string

// History names the sequence of commits that a database is in. A replica that is
// promoted, a backup that is restored and another database at the same address are
// other histories: what was read in one says nothing of another.
type History struct {
	System string // identifies the database system; "" where it has no identity
	Line   string // changes when the system loses commits or takes another course; "" where that cannot be told
	Start  string // of the database's server, which may have found other data in its place; "" where there is none
}

// Feed is one reading of the revocations.
type Feed struct {
	Position     Position     // to read on from
	History      History      // that Position is in
	Whole        bool         // all entries of the time asked for were read, not only what is new
	Installation int64        // the installation's generation now
	Clock        time.Time    // the database's, when it was read
	Entries      []Revocation // in no particular order
}
