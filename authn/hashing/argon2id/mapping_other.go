//go:build !unix || aix

package argon2id

import "unsafe"

// newMapping takes size bytes of zeros, from the Go heap: there is no other memory here.
func newMapping(size int) (mapping, error) {
	words := make([]uint64, (size+7)/8) // for their alignment
	whole := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), size)
	return mapping{whole: whole, usable: whole}, nil
}

func (m mapping) unmap() error { return nil }
