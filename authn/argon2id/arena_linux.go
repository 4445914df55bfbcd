package argon2id

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// allocate maps memory that is in huge pages where there are some, is not copied to a
// child process, and is in no core dump.
func allocate(n int) ([]block, func() error, error) {
	bytes, err := unix.Mmap(-1, 0, n*blockBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, fmt.Errorf("argon2id: map %d KiB: %w", n, err)
	}
	_ = unix.Madvise(bytes, unix.MADV_HUGEPAGE) // a kernel may know none of the three
	_ = unix.Madvise(bytes, unix.MADV_DONTFORK)
	_ = unix.Madvise(bytes, unix.MADV_DONTDUMP)
	return unsafe.Slice((*block)(unsafe.Pointer(unsafe.SliceData(bytes))), n), func() error { return unix.Munmap(bytes) }, nil
}
