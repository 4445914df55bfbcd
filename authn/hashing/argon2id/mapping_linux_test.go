package argon2id

import (
	"errors"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// It is not parallel: another mapping might take the place.
func TestAClosedArenaHasNoMemoryOfTheSystem(t *testing.T) {
	a := NewArena()
	if _, err := a.Key(Implementations()[0], []byte("password"), []byte("0123456789abcdef"), 1, 4096, 1, 32); err != nil {
		t.Fatal(err)
	}
	if Implementations()[0] == Portable {
		t.Skip("this processor has no implementation of ours")
	}
	start, size := unsafe.Pointer(unsafe.SliceData(a.mapping.whole)), len(a.mapping.whole)
	if err := mapped(start, size); err != nil {
		t.Fatalf("its memory is not mapped: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := mapped(start, size); !errors.Is(err, unix.ENOMEM) {
		t.Errorf("its memory is still mapped: %v", err)
	}
}

// mapped returns ENOMEM if not all of the memory is mapped (mincore(2)).
func mapped(start unsafe.Pointer, size int) error {
	pages := make([]byte, size/unix.Getpagesize()+1)
	_, _, err := unix.Syscall(unix.SYS_MINCORE, uintptr(start), uintptr(size), uintptr(unsafe.Pointer(unsafe.SliceData(pages))))
	if err != 0 {
		return err
	}
	return nil
}
