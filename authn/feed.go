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
	feedBuckets = 16  // parts of the window; the entries of a part expire together
	feedRecent  = 128 // entries to collect before they are copied into buckets
)

// feed holds the recent revocations in memory, so that access tokens are verified without a query.
// Readers take an immutable snapshot and no lock. A writer makes the next snapshot, which shares
// unchanged parts with the former one.
type feed struct {
	window  time.Duration // max remaining life of an access token that was issued before an entry
	current atomic.Pointer[feedSnapshot]
	mu      sync.Mutex // held by the writer
}

// feedSnapshot is never changed.
type feedSnapshot struct {
	position     store.Position
	history      store.History // the history of the latest reading
	contact      time.Time     // when the latest reading began; zero for never
	clock        time.Time     // the database's clock at that reading
	forgotten    int           // how often forget was called
	taken        int           // increases with every entry and every whole reading
	installation int64         // the installation's generation
	recent       []store.Revocation
	buckets      []*feedBucket
}

// feedBucket holds the entries of one part of the window.
type feedBucket struct {
	from     time.Time
	sessions map[uuid.UUID]struct{}
	users    map[uuid.UUID]int64 // the min generation that tokens must have
	spared   map[uuid.UUID]int64 // sessions that are exempt from that, up to this generation
	rights   map[uuid.UUID]int64 // the min generation of rights that a user's tokens must have
}

func newFeed(window time.Duration) *feed {
	f := &feed{window: window}
	f.current.Store(&feedSnapshot{})
	return f
}

// ended reports whether a revocation covers an access token.
func (s *feedSnapshot) ended(c accessClaims) bool {
	if c.generation.Behind(store.Generation{Installation: s.installation}) {
		return true
	}
	for i := range s.recent {
		r := &s.recent[i]
		if r.SessionID != uuid.Nil { // the token of a service account has no session
			if r.SessionID == c.sessionID {
				return true
			}
			continue
		}
		if r.UserID == c.userID && (r.Spared == uuid.Nil || r.Spared != c.sessionID) && s.behind(c, r.Generation) {
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

// outdated reports whether the rights of an access token's user have changed since it was issued.
func (s *feedSnapshot) outdated(c accessClaims) bool {
	for i := range s.recent {
		if r := &s.recent[i]; r.Rights > c.rights && r.UserID == c.userID {
			return true
		}
	}
	for _, b := range s.buckets {
		if b.rights[c.userID] > c.rights {
			return true
		}
	}
	return false
}

func (s *feedSnapshot) behind(c accessClaims, user int64) bool {
	return c.generation.Behind(store.Generation{Installation: s.installation, User: user})
}

// entries returns the number of entries in memory.
func (s *feedSnapshot) entries() int {
	n := len(s.recent)
	for _, b := range s.buckets {
		n += len(b.sessions) + len(b.users) + len(b.rights)
	}
	return n
}

// read adds a reading of the store that began at contact. from is the snapshot at that time. The
// position is dropped if forget was called after from was taken. New entries are kept for a full
// window from now, because the clock of the process that wrote them may be slow.
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
			s.taken++ // others may wait until the node has read everything again
		}
		s.installation = max(s.installation, got.Installation)
	})
}

// forget drops the position, so that the next reading covers everything that still matters.
func (f *feed) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := *f.current.Load()
	next.position = ""
	next.forgotten++
	f.current.Store(&next)
}

// add adds a revocation by this process itself.
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
		return !r.At.Before(oldest) && (r.SessionID != uuid.Nil || r.UserID != uuid.Nil) // that of the installation is in the snapshot
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
		switch {
		case r.Rights != 0:
			b.rights[r.UserID] = max(b.rights[r.UserID], r.Rights)
		case r.SessionID != uuid.Nil:
			b.sessions[r.SessionID] = struct{}{}
		default:
			b.users[r.UserID] = max(b.users[r.UserID], r.Generation)
			if r.Spared != uuid.Nil {
				b.spared[r.Spared] = max(b.spared[r.Spared], r.Generation)
			}
		}
	}
	s.recent = nil
}

// copyBucket replaces the bucket that begins at from by a copy, and returns the copy.
func (s *feedSnapshot) copyBucket(from time.Time) *feedBucket {
	for i, b := range s.buckets {
		if b.from.Equal(from) {
			s.buckets[i] = &feedBucket{from, maps.Clone(b.sessions), maps.Clone(b.users), maps.Clone(b.spared), maps.Clone(b.rights)}
			return s.buckets[i]
		}
	}
	b := &feedBucket{from, map[uuid.UUID]struct{}{}, map[uuid.UUID]int64{}, map[uuid.UUID]int64{}, map[uuid.UUID]int64{}}
	s.buckets = append(s.buckets, b)
	return b
}
