package authn

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const (
	feedBuckets = 16  // parts of the window that entries leave together
	feedRecent  = 128 // entries that wait for their bucket, so that not each costs a copy of one
)

// feed is what has ended access lately, in memory, so that an access token is
// checked without asking anyone. Readers take a snapshot and no lock; a writer
// makes the next snapshot, which shares what did not change with the one before.
type feed struct {
	window  time.Duration // how long an access token issued before an entry may live
	current atomic.Pointer[feedSnapshot]
	mu      sync.Mutex // held by the writer
}

// feedSnapshot is never changed.
type feedSnapshot struct {
	position     store.Position
	history      store.History // that was read last
	contact      time.Time     // when the reading that it comes from began; zero for never
	clock        time.Time     // the database's then
	forgotten    int           // times that the position was forgotten
	taken        int           // grows with every entry and every whole reading
	installation int64         // the installation's generation
	recent       []store.Revocation
	buckets      []*feedBucket
}

// feedBucket holds the entries of one part of the window.
type feedBucket struct {
	from     time.Time
	sessions map[uuid.UUID]struct{}
	users    map[uuid.UUID]int64 // generation that tokens must have
	spared   map[uuid.UUID]int64 // of a session, whose tokens are good all the same up to this generation
}

func newFeed(window time.Duration) *feed {
	f := &feed{window: window}
	f.current.Store(&feedSnapshot{})
	return f
}

// ended reports whether an access token is dead.
func (s *feedSnapshot) ended(c accessClaims) bool {
	if c.generation.Behind(store.Generation{Installation: s.installation}) {
		return true
	}
	for i := range s.recent {
		r := &s.recent[i]
		if r.SessionID == c.sessionID || (r.SessionID == uuid.Nil && r.UserID == c.userID && r.Spared != c.sessionID && s.behind(c, r.Generation)) {
			return true
		}
	}
	for _, b := range s.buckets {
		if _, ended := b.sessions[c.sessionID]; ended {
			return true
		}
		if generation, bumped := b.users[c.userID]; bumped && b.spared[c.sessionID] < generation && s.behind(c, generation) {
			return true
		}
	}
	return false
}

func (s *feedSnapshot) behind(c accessClaims, user int64) bool {
	return c.generation.Behind(store.Generation{Installation: s.installation, User: user})
}

// entries returns how many there are.
func (s *feedSnapshot) entries() int {
	n := len(s.recent)
	for _, b := range s.buckets {
		n += len(b.sessions) + len(b.users)
	}
	return n
}

// read takes in what was read from the store since the time contact. The position is
// not kept when it was forgotten meanwhile, other than in from. What is new counts
// from now: the clock of who ended it may be slow.
func (f *feed) read(got store.Feed, from *feedSnapshot, contact, now time.Time) {
	if !got.Whole {
		for i := range got.Entries {
			if got.Entries[i].At.Before(now) {
				got.Entries[i].At = now
			}
		}
	}
	f.change(now, got.Entries, func(s *feedSnapshot) {
		s.contact, s.clock, s.history = contact, got.Clock, got.History
		if s.forgotten == from.forgotten {
			s.position = got.Position
		}
		s.taken += len(got.Entries)
		if got.Whole {
			s.taken++ // others may wait for the node to say that it has read all anew
		}
		s.installation = max(s.installation, got.Installation)
	})
}

// forget makes the next reading one of everything that still matters.
func (f *feed) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := *f.current.Load()
	next.position = ""
	next.forgotten++
	f.current.Store(&next)
}

// add takes in what this process itself has just ended.
func (f *feed) add(r store.Revocation) { f.change(r.At, []store.Revocation{r}, func(*feedSnapshot) {}) }

func (f *feed) change(now time.Time, entries []store.Revocation, set func(*feedSnapshot)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := *f.current.Load()
	set(&next)
	oldest := now.Add(-f.window)
	next.buckets = slices.DeleteFunc(slices.Clone(next.buckets), func(b *feedBucket) bool {
		return b.from.Add(f.bucketWidth()).Before(oldest)
	})
	fresh := func(r store.Revocation) bool {
		return !r.At.Before(oldest) && (r.SessionID != uuid.Nil || r.UserID != uuid.Nil) // the installation's is in the snapshot
	}
	recent := make([]store.Revocation, 0, len(next.recent)+len(entries))
	for _, r := range slices.Concat(next.recent, entries) {
		if fresh(r) {
			recent = append(recent, r)
		}
	}
	next.recent = recent
	if len(recent) > feedRecent {
		f.sort(&next)
	}
	f.current.Store(&next)
}

func (f *feed) bucketWidth() time.Duration { return f.window / feedBuckets }

// sort moves the recent entries into copies of their buckets.
func (f *feed) sort(s *feedSnapshot) {
	copied := map[time.Time]*feedBucket{}
	for _, r := range s.recent {
		from := r.At.Truncate(f.bucketWidth())
		b := copied[from]
		if b == nil {
			b = s.copyBucket(from)
			copied[from] = b
		}
		if r.SessionID != uuid.Nil {
			b.sessions[r.SessionID] = struct{}{}
		} else {
			b.users[r.UserID] = max(b.users[r.UserID], r.Generation)
			if r.Spared != uuid.Nil {
				b.spared[r.Spared] = max(b.spared[r.Spared], r.Generation)
			}
		}
	}
	s.recent = nil
}

// copyBucket puts a copy of the bucket that begins at from in its place.
func (s *feedSnapshot) copyBucket(from time.Time) *feedBucket {
	for i, b := range s.buckets {
		if b.from.Equal(from) {
			s.buckets[i] = &feedBucket{from, maps.Clone(b.sessions), maps.Clone(b.users), maps.Clone(b.spared)}
			return s.buckets[i]
		}
	}
	b := &feedBucket{from, map[uuid.UUID]struct{}{}, map[uuid.UUID]int64{}, map[uuid.UUID]int64{}}
	s.buckets = append(s.buckets, b)
	return b
}
