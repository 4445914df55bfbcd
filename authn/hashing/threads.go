package hashing

import (
	"runtime"
	"sync"
	"time"
)

// threads raises GOMAXPROCS by the number of workers while hashes are computed. A hash occupies a
// thread for long, by Go's measure, and quick requests would wait until Go preempts it. The
// operating system's scheduler preempts it much sooner. Without hashes the additional threads only
// look for work that is not there, which costs each request processor time.
type threads struct {
	set func(int) int // runtime.GOMAXPROCS; its argument 0 changes nothing

	mu      sync.Mutex
	running int         // hashes
	added   int         // threads
	lower   *time.Timer // nil until the first hash has ended
}

// calmAfter is how long the additional threads stay after the last hash. Each change stops the
// process for some microseconds, so they do not come and go with every hash.
const calmAfter = time.Second

// ofProcess is package state because GOMAXPROCS is: a process has one.
var ofProcess = threads{set: runtime.GOMAXPROCS}

// Processors returns GOMAXPROCS without the threads of [Hasher.AddThreads].
func Processors() int { return ofProcess.processors() }

// AddThreads lets Go run as many more threads as there are workers whenever h, or a hasher made of
// it by [Hasher.With], computes hashes. Call it before the first hash.
func (h *Hasher) AddThreads() { h.threads = &ofProcess }

func (t *threads) processors() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.set(0) - t.added
}

// begin adds threads for a hash of one of so many workers, if there are fewer. It does nothing if t
// is nil.
func (t *threads) begin(workers int) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running++
	if t.added < workers {
		t.set(t.set(0) - t.added + workers)
		t.added = workers
	}
}

// end records that a hash has ended.
func (t *threads) end() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	if t.lower == nil {
		t.lower = time.AfterFunc(calmAfter, t.takeBack)
		return
	}
	t.lower.Reset(calmAfter)
}

// takeBack removes the additional threads, unless a hash is running.
func (t *threads) takeBack() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running == 0 {
		t.set(t.set(0) - t.added)
		t.added = 0
	}
}
