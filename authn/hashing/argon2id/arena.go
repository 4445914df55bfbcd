package argon2id

import (
	"fmt"
	"sync"
	"unsafe"
)

// Arena is working memory for one hash at a time. It lies outside of the Go heap, so
// that the garbage collector neither scans nor counts it; on Linux also in huge pages,
// absent from forked processes and from core dumps. It grows when a hash needs more than it has,
// and keeps what it has for the next hash, and the last hash's blocks in it, until [Arena.Wipe]
// or [Arena.Close]. Make one with [NewArena] and close it.
type Arena struct {
	mutex   sync.Mutex
	mapping mapping
	digest  digest
	filling filling
}

// NewArena returns an arena that has no memory yet.
func NewArena() *Arena { return new(Arena) }

// Size returns how many bytes the arena has.
func (a *Arena) Size() int64 {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return int64(len(a.mapping.usable))
}

// Wipe overwrites the memory with zeros and keeps it: for an arena that is idle. It
// waits for a hash that is being computed.
func (a *Arena) Wipe() {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	clear(a.mapping.usable)
}

// Close overwrites the memory with zeros and gives it back to the system. The arena
// takes new memory if it is used again. It waits for a hash that is being computed.
func (a *Arena) Close() error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	clear(a.mapping.usable)
	return a.release()
}

func (a *Arena) release() error {
	m := a.mapping
	a.mapping = mapping{}
	if err := m.unmap(); err != nil {
		return fmt.Errorf("release the memory of Argon2id: %w", err)
	}
	return nil
}

// reserve gives f its blocks.
func (a *Arena) reserve(f *filling) error {
	memory := int(f.blocks())
	blocks := memory + int(f.lanes)*workspaceBlocks
	if len(a.mapping.usable) < blocks*blockBytes {
		if err := a.release(); err != nil {
			return err
		}
		m, err := newMapping(blocks * blockBytes)
		if err != nil {
			return fmt.Errorf("allocate %d KiB of memory for Argon2id: %w; lower its memory cost, or give the process more memory", blocks, err)
		}
		a.mapping = m
	}
	all := a.mapping.blocks()[:blocks]
	f.memory, f.workspaces = all[:memory:memory], all[memory:]
	return nil
}

// forget leaves nothing of the last hash but its blocks.
func (a *Arena) forget() {
	a.digest.wipe()
	a.filling = filling{}
}

// mapping is memory of the system.
type mapping struct {
	whole  []byte // as the system gave it
	usable []byte // the part to use, which starts where a huge page may, or is 8-byte aligned at least
}

// blocks returns the memory as the blocks that fit.
func (m mapping) blocks() []block {
	return unsafe.Slice((*block)(unsafe.Pointer(unsafe.SliceData(m.usable))), len(m.usable)/blockBytes)
}
