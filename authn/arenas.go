package authn

import (
	"errors"
	"sync"
	"time"

	"github.com/authctl/authctl/authn/argon2id"
)

// Argon2's implementations.
const (
	ImplementationAVX2     = "avx2"     // authn/argon2id
	ImplementationPortable = "portable" // golang.org/x/crypto/argon2
)

// arenas are the working memories of the hashes that run, kept for the next ones.
type arenas struct {
	most int64 // bytes for all of them

	mu   sync.Mutex
	idle []*argon2id.Arena
	held int64 // bytes, also of those in use
	wipe *time.Timer
}

// idleWipe is how long an arena that nobody uses is kept.
const idleWipe = time.Minute

var errMiscomputed = errors.New("the fast implementation of Argon2 fails its check on this processor")

// newArenas returns nil where the processor has no implementation of ours, or that
// computes something else than the RFC's example.
func newArenas(most int64) *arenas {
	a, ok := argon2id.New()
	if !ok || a.Check(argon2id.Cost{}) != nil {
		return nil
	}
	return &arenas{most: most, idle: []*argon2id.Arena{a}, held: a.Size()}
}

// key computes a hash in an arena.
func (s *arenas) key(password, salt []byte, p Params, length int) ([]byte, error) {
	a := s.take(p.bytes())
	before := a.Size()
	tag, err := a.Key(password, salt, argon2id.Cost{Memory: p.Memory, Passes: p.Iterations, Lanes: p.Parallelism}, uint32(length))
	s.giveBack(a, before)
	return tag, err
}

// take returns an arena, and first wipes idle ones that there would be no room for beside
// it.
func (s *arenas) take(memory int64) *argon2id.Arena {
	s.mu.Lock()
	defer s.mu.Unlock()
	var a *argon2id.Arena
	if n := len(s.idle); n > 0 {
		a, s.idle = s.idle[n-1], s.idle[:n-1]
	} else {
		a, _ = argon2id.New() // there was one before
	}
	for more := memory - a.Size(); more > 0 && s.held+more > s.most && len(s.idle) > 0; {
		s.closeOne()
	}
	return a
}

func (s *arenas) giveBack(a *argon2id.Arena, before int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held += a.Size() - before
	s.idle = append(s.idle, a)
	if s.wipe == nil {
		s.wipe = time.AfterFunc(idleWipe, s.wipeIdle)
		return
	}
	s.wipe.Reset(idleWipe)
}

func (s *arenas) closeOne() {
	a := s.idle[0]
	s.idle = s.idle[1:]
	s.held -= a.Size()
	_ = a.Close() // it is wiped in any case
}

// wipeIdle wipes the memories that nobody uses, and gives them back to the system.
func (s *arenas) wipeIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.idle) > 0 {
		s.closeOne()
	}
}

func (s *arenas) size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}
