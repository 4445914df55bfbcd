package argon2id

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const hugePage = 2 << 20 // bytes, on amd64

// newMapping takes size bytes of zeros. What the kernel does not offer of huge pages,
// and of keeping them from core dumps and forks, is done without.
func newMapping(size int) (mapping, error) {
	huge := size / hugePage * hugePage
	slack := 0
	if huge > 0 {
		slack = hugePage // to start at a multiple of it; address space only, never touched
	}
	whole, err := unix.Mmap(-1, 0, size+slack, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return mapping{}, err
	}
	_ = unix.Madvise(whole, unix.MADV_DONTFORK)
	_ = unix.Madvise(whole, unix.MADV_DONTDUMP)
	start := 0
	if huge > 0 {
		start = int(-uintptr(unsafe.Pointer(unsafe.SliceData(whole))) % hugePage)
		_ = unix.Madvise(whole[start:start+huge], unix.MADV_HUGEPAGE) // the rest would take a whole one
	}
	return mapping{whole: whole, usable: whole[start : start+size]}, nil
}

func (m mapping) unmap() error {
	if m.whole == nil {
		return nil
	}
	return unix.Munmap(m.whole)
}
