package argon2id

import (
	"bytes"
	"fmt"
	"testing"

	"golang.org/x/crypto/argon2"
)

func arena(t testing.TB) *Arena {
	t.Helper()
	a, ok := New()
	if !ok {
		t.Skip("this processor has no AVX2")
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func TestItComputesWhatXCryptoDoes(t *testing.T) {
	t.Parallel()
	a := arena(t)
	for _, lanes := range []uint8{1, 2, 3, 4} {
		for _, passes := range []uint32{1, 2, 3, 4} {
			for _, memory := range []uint32{8, 9, 31, 32, 33, 64, 100, 255, 256, 512, 600, 1024, 2049, 4096} {
				for _, length := range []uint32{4, 31, 32, 64, 65, 96, 128, 200} {
					if memory < 8*uint32(lanes) {
						continue
					}
					password, salt := bytes.Repeat([]byte{byte(memory)}, int(length)), bytes.Repeat([]byte{byte(passes)}, int(lanes)*8)
					got, err := a.Key(password, salt, Cost{memory, passes, lanes}, length)
					want := argon2.IDKey(password, salt, passes, memory, lanes, length)
					if err != nil || !bytes.Equal(got, want) {
						t.Fatalf("m=%d,t=%d,p=%d, %d bytes: got %x, %v, want %x", memory, passes, lanes, length, got, err, want)
					}
				}
			}
		}
	}
}

func TestTheRFCsExampleAndXCryptoAgree(t *testing.T) {
	t.Parallel()
	a := arena(t)
	for _, c := range []Cost{{}, {19456, 2, 1}, {4096, 1, 4}} {
		if err := a.Check(c); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	broken := &Arena{compress: func(out, x, y, scratch *block, add bool) { a.compress(out, x, y, scratch, false) }}
	if err := broken.Check(Cost{}); err == nil {
		t.Error("a wrong compression passes the check")
	}
}

// TestTheReferenceImplementationsVectors are those of phc-winner-argon2, src/test.c, for
// version 0x13 and Argon2id.
func TestTheReferenceImplementationsVectors(t *testing.T) {
	t.Parallel()
	a := arena(t)
	for _, v := range []struct {
		password, salt string
		cost           Cost
		want           string
	}{
		{"password", "somesalt", Cost{65536, 2, 1}, "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"},
	} {
		got, err := a.Key([]byte(v.password), []byte(v.salt), v.cost, 32)
		if err != nil || fmt.Sprintf("%x", got) != v.want {
			t.Errorf("%+v: got %x, %v", v, got, err)
		}
	}
}

func TestACostThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	a := arena(t)
	for _, c := range []Cost{{7, 1, 1}, {8, 0, 1}, {8, 1, 0}, {15, 1, 2}, {0, 0, 0}, {2039, 1, 255}} {
		if _, err := a.Key(nil, nil, c, 32); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	for _, length := range []uint32{0, 3, 1 << 20} {
		if _, err := a.Key(nil, nil, Cost{8, 1, 1}, length); err == nil {
			t.Errorf("%d bytes are derived", length)
		}
	}
}

func TestAnArenaIsWipedAndUsedAgain(t *testing.T) {
	t.Parallel()
	a := arena(t)
	cost := Cost{1024, 1, 2}
	want, err := a.Key([]byte("password"), []byte("somesalt"), cost, 32)
	if err != nil {
		t.Fatal(err)
	}
	if size := a.Size(); size < 1<<20 || size > 1<<20+64<<10 {
		t.Errorf("it holds %d bytes for 1 MiB", size)
	}
	memory, release := a.memory, a.release
	a.release = nil // to look at the memory afterwards
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	for i := range memory {
		if memory[i] != (block{}) {
			t.Fatalf("block %d holds something", i)
		}
	}
	if release != nil {
		if err := release(); err != nil {
			t.Error(err)
		}
	}
	for range 2 {
		got, err := a.Key([]byte("password"), []byte("somesalt"), cost, 32)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %x, %v, want %x", got, err, want)
		}
	}
}

// TestTheAssemblyWritesItsResultAndNothingElse has blocks of other things around those
// that it is given.
func TestTheAssemblyWritesItsResultAndNothingElse(t *testing.T) {
	t.Parallel()
	a := arena(t)
	memory, release, err := allocate(9)
	if err != nil {
		t.Fatal(err)
	}
	if release != nil {
		defer release()
	}
	for _, add := range []bool{false, true} {
		for i := range memory {
			for w := range memory[i] {
				memory[i][w] = uint64(i)<<32 | uint64(w)
			}
		}
		before := append([]block(nil), memory...)
		a.compress(&memory[1], &memory[3], &memory[5], &memory[7], add)
		for _, i := range []int{0, 2, 3, 4, 5, 6, 8} {
			if memory[i] != before[i] {
				t.Errorf("block %d changed", i)
			}
		}
		if memory[1] == before[1] {
			t.Error("the result is missing")
		}
	}
}

// FuzzKey compares with golang.org/x/crypto/argon2.
func FuzzKey(f *testing.F) {
	f.Add([]byte("password"), []byte("somesalt"), uint32(64), uint32(1), uint8(1), uint32(32))
	f.Add([]byte(""), []byte("saltsalt"), uint32(100), uint32(3), uint8(4), uint32(65))
	f.Fuzz(func(t *testing.T, password, salt []byte, memory, passes uint32, lanes uint8, length uint32) {
		a := arena(t)
		c := Cost{memory % 2048, passes % 5, lanes % 9}
		length %= 300
		got, err := a.Key(password, salt, c, length)
		if err != nil {
			if c.Passes >= 1 && c.Lanes >= 1 && c.Memory >= 8*uint32(c.Lanes) && length >= 4 {
				t.Fatalf("%+v: %v", c, err)
			}
			return
		}
		if want := argon2.IDKey(password, salt, c.Passes, c.Memory, c.Lanes, length); !bytes.Equal(got, want) {
			t.Errorf("%+v, %d bytes: got %x, want %x", c, length, got, want)
		}
	})
}

func BenchmarkKey(b *testing.B) {
	for _, c := range []Cost{{4096, 1, 1}, {19456, 2, 1}, {47104, 1, 1}, {65536, 3, 1}} {
		name := fmt.Sprintf("m=%d,t=%d,p=%d", c.Memory, c.Passes, c.Lanes)
		b.Run(name+"/x-crypto", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				argon2.IDKey([]byte("password"), []byte("somesaltsomesalt"), c.Passes, c.Memory, c.Lanes, 32)
			}
		})
		b.Run(name+"/avx2", func(b *testing.B) {
			a := arena(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.Key([]byte("password"), []byte("somesaltsomesalt"), c, 32); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
