package argon2id

import (
	"bytes"
	"encoding"
	"testing"

	"golang.org/x/crypto/argon2"
)

func TestWipeLeavesZerosAndTheMemory(t *testing.T) {
	t.Parallel()
	for _, impl := range accelerated() {
		arena := newArena(t)
		computes(t, arena, impl, 3000)
		size := arena.Size()
		if size < 3000*1024 || allZero(arena.mapping.usable) {
			t.Fatalf("%s: %d bytes, all zero: %t", impl, size, allZero(arena.mapping.usable))
		}
		arena.Wipe()
		if !allZero(arena.mapping.usable) {
			t.Errorf("%s: something is left after Wipe", impl)
		}
		if arena.Size() != size {
			t.Errorf("%s: %d bytes after Wipe, want %d", impl, arena.Size(), size)
		}
		computes(t, arena, impl, 3000)
	}
}

func TestNothingOfThePasswordStaysOutsideOfTheBlocks(t *testing.T) {
	t.Parallel()
	for _, impl := range accelerated() {
		arena := newArena(t)
		computes(t, arena, impl, 64)
		d := &arena.digest
		if !allZero(d.seed[:]) || !allZero(d.v[:]) || !allZero(d.buffer[:]) {
			t.Errorf("%s: the digest keeps what it computed", impl)
		}
		if !bytes.Equal(state(t, d.long), state(t, newBLAKE2b(64))) || !bytes.Equal(state(t, d.short), state(t, newBLAKE2b(32))) {
			t.Errorf("%s: BLAKE2b keeps what it was given", impl)
		}
	}
}

func TestAnArenaGrowsWhenAHashNeedsMoreAndIsUsableAfterClose(t *testing.T) {
	t.Parallel()
	for _, impl := range accelerated() {
		arena := NewArena()
		if arena.Size() != 0 {
			t.Errorf("a new arena has %d bytes", arena.Size())
		}
		var last int64
		for _, step := range []struct {
			memory uint32
			grows  bool
		}{{64, true}, {64, false}, {8, false}, {5000, true}, {64, false}, {4096, false}} {
			computes(t, arena, impl, step.memory)
			size := arena.Size()
			if grew := size > last; grew != step.grows || size < last {
				t.Errorf("%s: %d bytes, then %d for %d KiB", impl, last, size, step.memory)
			}
			last = size
		}
		for range 2 {
			if err := arena.Close(); err != nil || arena.Size() != 0 {
				t.Errorf("%s: Close: %v, %d bytes left", impl, err, arena.Size())
			}
		}
		computes(t, arena, impl, 64)
		if err := arena.Close(); err != nil {
			t.Error(err)
		}
	}
}

// computes fails the test unless the arena computes what x/crypto does.
func computes(t *testing.T, arena *Arena, impl Implementation, memory uint32) {
	t.Helper()
	password, salt := []byte("correct horse battery staple"), []byte("0123456789abcdef")
	got, err := arena.Key(impl, password, salt, 1, memory, 1, 32)
	if err != nil || !bytes.Equal(got, argon2.IDKey(password, salt, 1, memory, 1, 32)) {
		t.Fatalf("%s, %d KiB: got %x, %v", impl, memory, got, err)
	}
}

// state returns all that BLAKE2b holds.
func state(t *testing.T, digest any) []byte {
	t.Helper()
	b, err := digest.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func allZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }
