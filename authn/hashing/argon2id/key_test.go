package argon2id

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/argon2"
)

func TestEveryImplementationComputesWhatXCryptoDoes(t *testing.T) {
	t.Parallel()
	lengths := []uint32{4, 16, 31, 32, 33, 63, 64, 65, 95, 96, 97, 128, 1000}
	for _, impl := range Implementations() {
		t.Run(string(impl), func(t *testing.T) {
			t.Parallel()
			arena := newArena(t)
			n := 0
			for lanes := uint8(1); lanes <= 5; lanes++ {
				least := 8 * uint32(lanes)
				// The last two have segments longer than the 128 addresses of one block.
				for _, memory := range []uint32{least, least + 1, 2*least - 1, 100, 517, 520 * uint32(lanes), 1111 * uint32(lanes)} {
					for passes := uint32(1); passes <= 4; passes++ {
						length := lengths[n%len(lengths)]
						n++
						password, salt := bytes.Repeat([]byte{byte(n)}, n%300), bytes.Repeat([]byte{0xa5}, n%40)
						got, err := arena.Key(impl, password, salt, passes, memory, lanes, length)
						want := argon2.IDKey(password, salt, passes, memory, lanes, length)
						if err != nil || !bytes.Equal(got, want) {
							t.Errorf("m=%d, t=%d, p=%d, %d bytes: got %x, %v, want %x", memory, passes, lanes, length, got, err, want)
						}
					}
				}
			}
		})
	}
}

func TestArgumentsOutOfBoundsAreErrors(t *testing.T) {
	t.Parallel()
	for _, bad := range []struct {
		time, memory uint32
		lanes        uint8
		length       uint32
		says         string
	}{
		{0, 64, 1, 32, "at least one pass"},
		{1, 64, 0, 32, "at least one lane"},
		{1, 0, 1, 32, "at least 8 KiB"},
		{1, 7, 1, 32, "at least 8 KiB"},
		{1, 2039, 255, 32, "255 lanes needs at least 2040 KiB"},
		{1, MaxMemory + 1, 1, 32, "at most 4194304 KiB"},
		{1, 1<<32 - 1, 255, 32, "at most 4194304 KiB"},
		{1, 64, 1, 0, "4 to 65536 bytes, not 0"},
		{1, 64, 1, 3, "4 to 65536 bytes, not 3"},
		{1, 64, 1, MaxLength + 1, "4 to 65536 bytes, not 65537"},
		{1, 64, 1, 1<<32 - 1, "4 to 65536 bytes"},
	} {
		for _, impl := range Implementations() {
			key, err := newArena(t).Key(impl, nil, nil, bad.time, bad.memory, bad.lanes, bad.length)
			if key != nil || err == nil || !strings.Contains(err.Error(), bad.says) {
				t.Errorf("%s, %+v: got %x, %v", impl, bad, key, err)
			}
		}
	}
}

func TestTheWidestArgumentsWork(t *testing.T) {
	t.Parallel()
	for _, impl := range Implementations() {
		got, err := newArena(t).Key(impl, nil, nil, 1, 8*255, 255, MaxLength)
		if err != nil || !bytes.Equal(got, argon2.IDKey(nil, nil, 1, 8*255, 255, MaxLength)) {
			t.Errorf("%s: got %d other bytes, %v", impl, len(got), err)
		}
	}
}

func TestAnImplementationThatTheMachineLacksIsAnError(t *testing.T) {
	t.Parallel()
	offered := fmt.Sprint(Implementations())
	for _, impl := range []Implementation{AVX512, AVX2, "", "AVX2", "sse"} {
		if strings.Contains(offered, string(impl)) && impl != "" {
			continue
		}
		key, err := newArena(t).Key(impl, nil, nil, 1, 64, 1, 32)
		if key != nil || err == nil || !strings.Contains(err.Error(), `use "portable"`) {
			t.Errorf("%q: got %x, %v", impl, key, err)
		}
	}
}

func TestArenasComputeSideBySideAndOneArenaInTurn(t *testing.T) {
	t.Parallel()
	for _, impl := range accelerated() {
		shared := newArena(t)
		var wait sync.WaitGroup
		for worker := range 8 {
			wait.Go(func() {
				own := newArena(t)
				for round := range 6 {
					memory, lanes := uint32(64+100*((worker+round)%5)), uint8(1+(worker+round)%4)
					password := []byte{byte(worker), byte(round)}
					want := argon2.IDKey(password, password, 2, memory, lanes, 32)
					for name, arena := range map[string]*Arena{"own": own, "shared": shared} {
						got, err := arena.Key(impl, password, password, 2, memory, lanes, 32)
						if err != nil || !bytes.Equal(got, want) {
							t.Errorf("%s, %s arena: got %x, %v, want %x", impl, name, got, err, want)
						}
					}
					if round == 3 {
						shared.Wipe()
					}
				}
			})
		}
		wait.Wait()
	}
}

func TestAHashAllocatesNothingButItsResult(t *testing.T) {
	password, salt := []byte("password"), make([]byte, 16)
	for _, impl := range accelerated() {
		arena := newArena(t)
		got := testing.AllocsPerRun(20, func() {
			if _, err := arena.Key(impl, password, salt, 2, 1024, 1, 32); err != nil {
				t.Error(err)
			}
		})
		if got != 1 {
			t.Errorf("%s: %v allocations, want 1", impl, got)
		}
	}
}
