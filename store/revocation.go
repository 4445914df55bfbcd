package store

import (
	"time"

	"github.com/google/uuid"
)

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
