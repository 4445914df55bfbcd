package hashing

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// residue bounds the garbage that hashes leave on the heap. golang.org/x/crypto/argon2
// allocates its memory anew for each hash. By default the collector lets about as much
// garbage pile up as is in use. It frees the memory in pieces: the next hash may find none large enough and
// allocate more. So residue calls the collector when the garbage would exceed its
// bound. It also sets the runtime's memory limit, at which free pieces return to the system before
// new ones are allocated. With the small heap of this program that costs less than a
// hundredth of a hash.
type residue struct {
	need    int64 // max bytes of working memory of hashes at the configured cost
	ceiling int64 // bytes; the memory limit that the process started with

	mu      sync.Mutex
	inUse   int64
	left    int64       // bytes that hashes have freed since residue last called the collector
	release *time.Timer // returns free memory to the system after idleRelease
}

const (
	// idleRelease is how long free memory is kept for the next hash. The system zeroes
	// returned memory before it gives it to another process.
	idleRelease = 10 * time.Second

	residueFloor = 16 << 20 // bytes; residue does nothing when hashes need less
	minOthers    = 4 << 20  // bytes
)

func newResidue(need int64) residue {
	return residue{need: need, ceiling: debug.SetMemoryLimit(-1)}
}

// begin makes room for a hash of so many bytes.
func (r *residue) begin(memory int64) {
	if r.need < residueFloor {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	limit := max(r.need, r.inUse+memory) // an imported hash may need more than ours
	if r.left > 0 && r.inUse+r.left+memory > limit+limit/8 {
		runtime.GC() // other hashes wait for this
		r.left = 0
	}
	debug.SetMemoryLimit(min(r.ceiling, r.others()+limit+limit/6))
	r.inUse += memory
}

// others returns how many bytes the rest of the process has in use.
func (r *residue) others() int64 {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	mapped := int64(samples[0].Value.Uint64() - samples[1].Value.Uint64() - samples[2].Value.Uint64())
	return max(mapped-r.inUse-r.left, minOthers)
}

// end records that a hash has freed its memory.
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
