package argon2id

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Each operand lies at the very end, then at the very start, of memory between two protected
// pages: an access beyond the operand kills the test.
func TestAssemblyTouchesNothingBesideItsBlocks(t *testing.T) {
	t.Parallel()
	for _, impl := range accelerated() {
		random := rand.New(rand.NewPCG(5, 6))
		for _, end := range []bool{true, false} {
			o := operands{guarded(t, end), guarded(t, end), guarded(t, end), guarded(t, end), guarded(t, end)}
			for range 20 {
				o.verify(t, impl, random)
			}
		}
	}
}

// guarded returns a block at the end or at the start of a page between two pages
// that cannot be accessed. The rest of its page is watched for writes.
func guarded(t *testing.T, end bool) *block {
	t.Helper()
	page := unix.Getpagesize()
	all, err := unix.Mmap(-1, 0, 3*page, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	middle := all[page : 2*page]
	if err := unix.Mprotect(middle, unix.PROT_READ|unix.PROT_WRITE); err != nil {
		t.Fatal(err)
	}
	inside, rest := middle[:blockBytes], middle[blockBytes:]
	if end {
		inside, rest = middle[page-blockBytes:], middle[:page-blockBytes]
	}
	t.Cleanup(func() {
		if !allZero(rest) {
			t.Error("something was written beside a block")
		}
		if err := unix.Munmap(all); err != nil {
			t.Error(err)
		}
	})
	return (*block)(unsafe.Pointer(unsafe.SliceData(inside)))
}
