// Package argon2id computes Argon2id, version 0x13 (RFC 9106), faster than
// golang.org/x/crypto/argon2 where the processor has AVX2, and in memory that is kept
// from hash to hash and wiped.
//
// Only the compression function is assembly, one block of 1,024 bytes at a call; the
// loop around it is Go, which the scheduler can interrupt. The assembly is written by
// the program in the folder asm; go generate runs it.
package argon2id

//go:generate sh -c "cd asm && go run . -out ../block_amd64.s -stubs ../block_amd64.go -pkg argon2id"

import (
	"encoding/binary"
	"errors"
	"math"
	"sync"

	"golang.org/x/crypto/blake2b"
)

const (
	version    = 0x13
	typeID     = 2 // of Argon2id
	slices     = 4 // that a lane is cut into
	blockBytes = 1024
	words      = len(block{})
)

// block is the 1,024 bytes that Argon2 works on at a time.
type block = [128]uint64

// compress sets out to G(x, y), RFC 9106, section 3.5, or adds that to it. scratch is
// overwritten; out may be neither x nor y.
type compress func(out, x, y, scratch *block, add bool)

// Cost is the parameters of RFC 9106: memory in KiB, passes over it, lanes.
type Cost struct {
	Memory, Passes uint32
	Lanes          uint8
}

var errCost = errors.New("argon2id: memory must be at least 8 KiB a lane, passes and lanes at least 1, the tag 4 bytes")

// Key derives length bytes from a password and a salt in the arena. It fails when the
// cost is none, or there is no memory. One Key runs in an arena at a time.
func (a *Arena) Key(password, salt []byte, c Cost, length uint32) ([]byte, error) {
	return a.key(password, salt, nil, nil, c, length)
}

// key is Key with a secret and associated data, which the RFC's own example has.
func (a *Arena) key(password, salt, secret, data []byte, c Cost, length uint32) ([]byte, error) {
	if c.Passes < 1 || c.Lanes < 1 || c.Memory < 8*uint32(c.Lanes) || length < 4 || length > math.MaxInt16 {
		return nil, errCost
	}
	h := hash{compress: a.compress, Cost: c}
	h.segment = c.Memory / (slices * uint32(c.Lanes))
	h.lane = slices * h.segment
	blocks := h.lane * uint32(c.Lanes)
	extra := spare * uint32(c.Lanes)
	memory, err := a.blocks(int(blocks + extra))
	if err != nil {
		return nil, err
	}
	h.memory, h.spare = memory[:blocks], memory[blocks:]
	h.begin([][]byte{password, salt, secret, data}, length)
	for pass := range c.Passes {
		for slice := range uint32(slices) {
			h.fill(pass, slice)
		}
	}
	return h.end(length), nil
}

// spare is how many blocks a lane needs beside its own: three for the addresses, one of
// zeros, and one for the compression.
const spare = 5

// yieldEvery is after how many blocks, some hundred microseconds, the thread offers the
// processor to whoever waits for it: requests that are quick.
const yieldEvery = 256

// hash is one computation.
type hash struct {
	Cost
	compress compress
	memory   []block
	spare    []block
	lane     uint32 // blocks of a lane
	segment  uint32 // blocks of a quarter of one
}

// begin fills the first two blocks of each lane (section 3.2, steps 1 to 4).
func (h *hash) begin(inputs [][]byte, length uint32) {
	le := binary.LittleEndian
	var head []byte
	for _, n := range []uint32{uint32(h.Lanes), length, h.Memory, h.Passes, version, typeID} {
		head = le.AppendUint32(head, n)
	}
	for _, input := range inputs {
		head = le.AppendUint32(head, uint32(len(input)))
		head = append(head, input...)
	}
	h0 := blake2b.Sum512(head)
	clear(head)
	seed := append(h0[:], make([]byte, 8)...)
	var bytes [blockBytes]byte
	for lane := range uint32(h.Lanes) {
		for i := range uint32(2) {
			le.PutUint32(seed[blake2b.Size:], i)
			le.PutUint32(seed[blake2b.Size+4:], lane)
			extend(bytes[:], seed)
			b := &h.memory[lane*h.lane+i]
			for w := range b {
				b[w] = le.Uint64(bytes[8*w:])
			}
		}
	}
	clear(bytes[:])
	clear(seed)
}

// fill computes a slice of every lane, side by side, for a lane may use what the others
// have of the slices before.
func (h *hash) fill(pass, slice uint32) {
	if h.Lanes == 1 {
		h.fillSegment(pass, slice, 0)
		return
	}
	var lanes sync.WaitGroup
	for lane := range uint32(h.Lanes) {
		lanes.Go(func() { h.fillSegment(pass, slice, lane) })
	}
	lanes.Wait()
}

// fillSegment computes a slice of one lane (section 3.4).
func (h *hash) fillSegment(pass, slice, lane uint32) {
	own := h.spare[spare*lane:][:spare]
	input, once, addresses, zero, scratch := &own[0], &own[1], &own[2], &own[3], &own[4]
	independent := pass == 0 && slice < slices/2
	if independent {
		*zero = block{}
		*input = block{uint64(pass), uint64(lane), uint64(slice), uint64(len(h.memory)), uint64(h.Passes), typeID}
	}
	first := uint32(0)
	if pass == 0 && slice == 0 {
		first = 2 // the others are there
	}
	at := lane*h.lane + slice*h.segment + first
	for i := first; i < h.segment; i, at = i+1, at+1 {
		previous := at - 1
		if at == lane*h.lane { // the first follows the last
			previous += h.lane
		}
		random := h.memory[previous][0]
		if independent {
			if i%uint32(words) == 0 || i == first {
				input[6] = uint64(i/uint32(words)) + 1
				h.compress(once, zero, input, scratch, false)
				h.compress(addresses, zero, once, scratch, false)
			}
			random = addresses[i%uint32(words)]
		}
		if i%yieldEvery == 0 {
			yield()
		}
		reference := h.reference(pass, slice, lane, i, random)
		h.compress(&h.memory[at], &h.memory[previous], &h.memory[reference], scratch, pass > 0)
	}
}

// reference maps a random word to the block that it refers to (section 3.4.2).
func (h *hash) reference(pass, slice, lane, i uint32, random uint64) uint32 {
	other := uint32(random>>32) % uint32(h.Lanes)
	if pass == 0 && slice == 0 {
		other = lane // the others have nothing yet
	}
	area := h.lane - h.segment // what is whole of other lanes
	start := (slice + 1) % slices * h.segment
	if pass == 0 {
		area, start = slice*h.segment, 0
	}
	switch {
	case other == lane:
		area += i - 1
	case i == 0:
		area--
	}
	j := random & math.MaxUint32
	j = j * j >> 32
	j = uint64(area) - 1 - uint64(area)*j>>32
	return other*h.lane + uint32((uint64(start)+j)%uint64(h.lane))
}

// end makes the tag of the lanes' last blocks (section 3.2, steps 7 and 8).
func (h *hash) end(length uint32) []byte {
	last := h.memory[h.lane-1]
	for lane := uint32(1); lane < uint32(h.Lanes); lane++ {
		for w, v := range h.memory[lane*h.lane+h.lane-1] {
			last[w] ^= v
		}
	}
	var bytes [blockBytes]byte
	for w, v := range last {
		binary.LittleEndian.PutUint64(bytes[8*w:], v)
	}
	tag := make([]byte, length)
	extend(tag, bytes[:])
	return tag
}

// extend is H′, the hash of variable length (section 3.3).
func extend(out, in []byte) {
	prefixed := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(in)), uint32(len(out)))
	prefixed = append(prefixed, in...)
	if len(out) <= blake2b.Size {
		sum(out, prefixed)
		return
	}
	v := blake2b.Sum512(prefixed)
	for len(out) > blake2b.Size {
		copy(out, v[:blake2b.Size/2])
		out = out[blake2b.Size/2:]
		if len(out) > blake2b.Size {
			v = blake2b.Sum512(v[:])
		}
	}
	sum(out, v[:])
}

// sum is BLAKE2b with a result as long as out, 64 bytes at most.
func sum(out, in []byte) {
	d, err := blake2b.New(len(out), nil)
	if err != nil {
		panic(err) // no such length
	}
	d.Write(in)
	d.Sum(out[:0])
}
