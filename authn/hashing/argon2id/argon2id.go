// Package argon2id computes Argon2id, version 0x13 (RFC 9106), at the machine's speed.
//
// Nearly all of the time of a hash is spent in the compression function G, over two
// blocks of 1 KiB, and in waiting for those blocks to come from memory. So G is
// assembly for AVX2 and AVX-512, written by the program in the folder generate, and the
// memory is an [Arena]: outside of the Go heap, in huge pages, and kept from one hash to
// the next. Everything else is plain Go, also the loop around G: the
// scheduler can take the processor away after each block, some hundred nanoseconds.
//
// On other machines golang.org/x/crypto/argon2 does the work, as [Portable].
package argon2id

import (
	"errors"
	"fmt"
	"math"

	"golang.org/x/crypto/argon2"
)

// The bounds of [Arena.Key]. They are far above what a server should allow, and only
// keep absurd arguments from exhausting the machine: whoever takes parameters from
// elsewhere sets bounds of its own.
const (
	MaxMemory = 4 << 20 // KiB
	MaxLength = 1 << 16 // bytes, of the result
	minLength = 4       // bytes; RFC 9106, section 3.1
)

const (
	version    = 0x13
	variant    = 2 // Argon2id
	slices     = 4 // of a pass; lanes wait for each other after each
	blockWords = 128
	blockBytes = 8 * blockWords
)

// block is the unit of Argon2's memory.
type block = [blockWords]uint64

// input is all that a hash is computed from.
type input struct {
	password, salt []byte
	secret, data   []byte // K and X of RFC 9106, which authctl does not use
	passes         uint32
	memory         uint32 // KiB
	lanes          uint8
	length         uint32 // bytes
}

// validate returns an error that says which bound does not hold.
func (in input) validate() error {
	switch {
	case in.passes < 1:
		return errors.New("argon2id needs at least one pass over its memory, not none")
	case in.lanes < 1:
		return errors.New("argon2id needs at least one lane, not none")
	case in.memory < 8*uint32(in.lanes):
		return fmt.Errorf("argon2id with %d lanes needs at least %d KiB of memory, not %d", in.lanes, 8*uint32(in.lanes), in.memory)
	case in.memory > MaxMemory:
		return fmt.Errorf("argon2id takes at most %d KiB of memory, not %d", MaxMemory, in.memory)
	case in.length < minLength || in.length > MaxLength:
		return fmt.Errorf("argon2id makes %d to %d bytes, not %d", minLength, MaxLength, in.length)
	}
	for _, field := range [...][]byte{in.password, in.salt, in.secret, in.data} {
		if uint64(len(field)) > math.MaxUint32 {
			return errors.New("argon2id takes at most 4 GiB of password or salt")
		}
	}
	return nil
}

// Key returns length bytes: Argon2id of the password and the salt with so many passes
// (time) over so much memory in so many lanes. The result is the same for every
// implementation.
//
// time is 1 or more, lanes is 1 or more, memoryKiB is 8 × lanes to [MaxMemory] and is
// rounded down to a multiple of 4 × lanes (RFC 9106, section 3.2), length is 4 to
// [MaxLength]. It fails when one of them is not, when this machine does not offer impl,
// or when the system refuses the memory. Calls on one Arena wait for each other.
func (a *Arena) Key(impl Implementation, password, salt []byte, time, memoryKiB uint32, lanes uint8, length uint32) ([]byte, error) {
	return a.key(impl, input{password: password, salt: salt, passes: time, memory: memoryKiB, lanes: lanes, length: length})
}

func (a *Arena) key(impl Implementation, in input) ([]byte, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	if impl == Portable {
		if len(in.secret) > 0 || len(in.data) > 0 {
			return nil, errors.New("the portable Argon2id takes no secret and no associated data")
		}
		return argon2.IDKey(in.password, in.salt, in.passes, in.memory, in.lanes, in.length), nil
	}
	g, ok := compressionOf(impl)
	if !ok {
		return nil, fmt.Errorf("this machine has no Argon2id implementation %q; use %q", impl, Portable)
	}

	a.mutex.Lock()
	defer a.mutex.Unlock()
	defer a.forget()
	f := &a.filling
	*f = newFilling(g, in)
	if err := a.reserve(f); err != nil {
		return nil, err
	}
	a.digest.reset(in.length)
	a.digest.first(in)
	for lane := range f.lanes {
		a.digest.expand(&f.memory[lane*f.laneLength], 0, lane)
		a.digest.expand(&f.memory[lane*f.laneLength+1], 1, lane)
	}
	f.run()
	key := make([]byte, in.length)
	a.digest.last(key, f.collect())
	return key, nil
}
