package argon2id

import (
	"bytes"
	"testing"

	"golang.org/x/crypto/argon2"
)

// FuzzKey compares every implementation with golang.org/x/crypto/argon2. The arena is
// kept, so that each hash meets what the last one left.
func FuzzKey(f *testing.F) {
	f.Add([]byte("password"), []byte("somesalt"), uint8(2), uint16(256), uint8(2), uint8(32))
	f.Add([]byte{}, []byte{}, uint8(1), uint16(8), uint8(1), uint8(4))
	f.Add([]byte("long segments"), []byte("0123456789abcdef"), uint8(1), uint16(1200), uint8(1), uint8(65))
	f.Add([]byte("many lanes"), []byte("0123456789abcdef"), uint8(3), uint16(600), uint8(16), uint8(255))
	arena := newArena(f)
	f.Fuzz(func(t *testing.T, password, salt []byte, time uint8, memory uint16, lanes, length uint8) {
		passes, kib, p, n := uint32(time%6), uint32(memory%2048), lanes%18, uint32(length)
		valid := passes >= 1 && p >= 1 && kib >= 8*uint32(p) && n >= 4
		var want []byte
		if valid {
			want = argon2.IDKey(password, salt, passes, kib, p, n)
		}
		for _, impl := range Implementations() {
			got, err := arena.Key(impl, password, salt, passes, kib, p, n)
			if (err == nil) != valid || !bytes.Equal(got, want) {
				t.Errorf("%s, m=%d, t=%d, p=%d: got %x, %v, want %x", impl, kib, passes, p, got, err, want)
			}
		}
	})
}
