package hashing

import (
	"slices"
	"sync"
	"time"

	"github.com/authctl/authctl/authn/hashing/argon2id"
)

// Portable names golang.org/x/crypto/argon2. Other names are those of
// [argon2id.Implementation].
const Portable = string(argon2id.Portable)

// idleWipe is how long an idle arena is kept.
const idleWipe = time.Minute

// arenas keep the working memory of hashes for the next hashes of the same size. A larger arena is not
// used for a smaller hash, because nobody would count the difference.
type arenas struct {
	impl argon2id.Implementation
	max  int64 // bytes of all arenas

	mu     sync.Mutex
	idle   []arenaSlot // the longest idle first
	held   int64       // bytes, idle and in use
	wipe   *time.Timer // nil while no arena is idle
	closed bool
}

type arenaSlot struct {
	*argon2id.Arena
	memory int64 // bytes
	since  time.Time
}

// newArenas returns nil where golang.org/x/crypto/argon2 is the fastest implementation. It
// fails when a faster one computes a wrong hash.
func newArenas(max int64) (*arenas, error) {
	impl := argon2id.Implementations()[0]
	if impl == argon2id.Portable {
		return nil, nil
	}
	if err := argon2id.Check(impl, 1, 8, 1); err != nil {
		return nil, err
	}
	return &arenas{impl: impl, max: max}, nil
}

// key computes a hash in an arena. The arena of a hash that fails is not kept.
func (s *arenas) key(password, salt []byte, p Params, length int) (tag []byte, err error) {
	a := s.take(p.bytes())
	defer func() { s.giveBack(a, tag != nil) }()
	return a.Key(s.impl, password, salt, p.Iterations, p.Memory, p.Parallelism, uint32(length))
}

// take returns an arena for a hash. It first wipes idle arenas of other sizes, as many as the new one
// needs room for.
func (s *arenas) take(memory int64) arenaSlot {
	s.mu.Lock()
	for i, a := range slices.Backward(s.idle) {
		if a.memory == memory {
			s.idle = slices.Delete(s.idle, i, i+1)
			s.mu.Unlock()
			return a
		}
	}
	var over []arenaSlot
	for len(s.idle) > 0 && s.held+memory > s.max {
		over = append(over, s.longestIdle())
	}
	s.held += memory
	s.mu.Unlock()
	wipeAll(over)
	return arenaSlot{Arena: argon2id.NewArena(), memory: memory}
}

func (s *arenas) giveBack(a arenaSlot, keep bool) {
	s.mu.Lock()
	keep = keep && !s.closed
	if keep {
		a.since = time.Now()
		s.idle = append(s.idle, a)
		if s.wipe == nil {
			s.wipe = time.AfterFunc(idleWipe, s.wipeIdle)
		}
	} else {
		s.held -= a.memory
	}
	s.mu.Unlock()
	if !keep {
		wipeAll([]arenaSlot{a})
	}
}

// longestIdle removes and returns the arena that has been idle longest.
func (s *arenas) longestIdle() arenaSlot {
	a := s.idle[0]
	s.idle = slices.Delete(s.idle, 0, 1)
	s.held -= a.memory
	return a
}

// wipeAll wipes arenas and returns their memory to the system.
func wipeAll(arenas []arenaSlot) {
	for _, a := range arenas {
		_ = a.Close() // the arena is wiped even when returning its memory fails
	}
}

// wipeIdle wipes arenas that have been idle for idleWipe.
func (s *arenas) wipeIdle() {
	var old []arenaSlot
	s.mu.Lock()
	for len(s.idle) > 0 && time.Since(s.idle[0].since) >= idleWipe {
		old = append(old, s.longestIdle())
	}
	if len(s.idle) > 0 {
		s.wipe.Reset(idleWipe - time.Since(s.idle[0].since))
	} else {
		s.wipe = nil
	}
	s.mu.Unlock()
	wipeAll(old)
}

// close wipes all arenas. One that is in use is wiped when its hash is done.
func (s *arenas) close() {
	s.mu.Lock()
	s.closed = true
	var idle []arenaSlot
	for len(s.idle) > 0 {
		idle = append(idle, s.longestIdle())
	}
	s.mu.Unlock()
	wipeAll(idle)
}

func (s *arenas) size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}
