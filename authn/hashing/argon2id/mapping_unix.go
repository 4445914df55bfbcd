//go:build unix && !linux && !aix

package argon2id

import "golang.org/x/sys/unix"

// newMapping takes size bytes of zeros.
func newMapping(size int) (mapping, error) {
	whole, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	return mapping{whole: whole, usable: whole}, err
}

func (m mapping) unmap() error {
	if m.whole == nil {
		return nil
	}
	return unix.Munmap(m.whole)
}
