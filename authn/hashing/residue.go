package hashing

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// residue keeps what hashes leave on the heap within bounds. golang.org/x/crypto/argon2
// takes its memory anew for each hash. The collector, left alone, lets about as much
// garbage pile up as is in use; and of what it frees a part is soon no longer in one
// piece, so that the next hash takes fresh memory while the old still counts. So the
// collector is called when garbage would exceed what is allowed, and the runtime is
// given a limit for the whole, at which it hands free pieces back to the system before
// it takes new ones. With the small heap of this program that costs less than a
// hundredth of a hash.
type residue struct {
	need    int64 // bytes that hashes at the configured cost work with at most
	ceiling int64 // the memory limit that the process has anyway

	mu      sync.Mutex
	inUse   int64
	left    int64       // freed by hashes since the collector was last called here
	release *time.Timer // gives all back when there was nothing to hash for a while
}

const (
	// idleRelease is how long the memory of the latest hashes is kept for the next ones.
	// Given back to the system, it is zeroed before anyone sees it again.
	idleRelease = 10 * time.Second

	residueFloor = 16 << 20 // bytes below which hashes do not matter
	leastOthers  = 4 << 20  // bytes
)

func newResidue(need int64) residue {
	return residue{need: need, ceiling: debug.SetMemoryLimit(-1)}
}

// begin makes room for a hash.
func (r *residue) begin(memory int64) {
	if r.need < residueFloor {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	most := max(r.need, r.inUse+memory) // a hash from elsewhere may need more than ours
	if r.left > 0 && r.inUse+r.left+memory > most+most/8 {
		runtime.GC() // others wait meanwhile, as they must
		r.left = 0
	}
	debug.SetMemoryLimit(min(r.ceiling, r.others()+most+most/6))
	r.inUse += memory
}

// others returns how many bytes the rest of the process has in use.
func (r *residue) others() int64 {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	mapped := int64(samples[0].Value.Uint64() - samples[1].Value.Uint64() - samples[2].Value.Uint64())
	return max(mapped-r.inUse-r.left, leastOthers)
}

// end tells that a hash is done with its memory.
func (r *residue) end(memory int64) {
	if r.need < residueFloor {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inUse -= memory
	r.left += memory
	if r.release == nil {
		r.release = time.AfterFunc(idleRelease, r.giveBack)
		return
	}
	r.release.Reset(idleRelease)
}

func (r *residue) giveBack() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inUse == 0 {
		debug.SetMemoryLimit(r.ceiling)
		debug.FreeOSMemory()
		r.left = 0
	}
}
