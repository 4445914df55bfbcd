package hashing

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authctl/authctl/authn/hashing/argon2id"
)

const mebibyte = 1 << 20

func testArenas(t *testing.T, max int64) *arenas {
	t.Helper()
	s, err := newArenas(max)
	if err != nil {
		t.Fatal(err)
	}
	if s == nil {
		t.Skip("this processor has no implementation of ours")
	}
	return s
}

// hashIn fails the test unless the arenas compute what golang.org/x/crypto/argon2 does.
func hashIn(t *testing.T, s *arenas, memory uint32) {
	t.Helper()
	p := Params{Memory: memory, Iterations: 1, Parallelism: 1}
	password, salt := []byte{byte(memory)}, make([]byte, saltLength)
	got, err := s.key(password, salt, p, tagLength)
	if err != nil || !bytes.Equal(got, compute(password, salt, p, tagLength)) {
		t.Errorf("%d KiB: got %x, %v", memory, got, err)
	}
}

func TestArenasOfOtherSizesMakeRoom(t *testing.T) {
	t.Parallel()
	s := testArenas(t, 4*mebibyte)
	for _, step := range []struct {
		memory uint32
		held   int64
	}{
		{1024, 1 * mebibyte}, // new
		{1024, 1 * mebibyte}, // the same again
		{2048, 3 * mebibyte}, // beside it
		{3072, 3 * mebibyte}, // in place of both
		{1024, 4 * mebibyte},
		{4096, 4 * mebibyte},
		{64, 64 << 10}, // not in the large one
	} {
		hashIn(t, s, step.memory)
		if got := s.size(); got != step.held {
			t.Errorf("after a hash of %d KiB %d bytes are held, want %d", step.memory, got, step.held)
		}
	}
	s.close()
	if got := s.size(); got != 0 {
		t.Errorf("%d bytes are held after all", got)
	}
}

func TestAnArenaIsWipedWhenNobodyHasUsedItForAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := testArenas(t, 64*mebibyte)
		hashIn(t, s, 2048)
		for range 5 { // others are in use all the time
			time.Sleep(idleWipe / 4)
			hashIn(t, s, 1024)
		}
		synctest.Wait()
		if got := s.size(); got != mebibyte {
			t.Errorf("%d bytes are held, want those of the arena in use only", got)
		}
		time.Sleep(idleWipe)
		synctest.Wait()
		if got := s.size(); got != 0 {
			t.Errorf("%d bytes are held a minute after the last hash", got)
		}
		hashIn(t, s, 1024)
		time.Sleep(idleWipe)
		synctest.Wait()
		if got := s.size(); got != 0 {
			t.Errorf("%d bytes are held a minute after one more", got)
		}
	})
}

func TestArenasInUseAtTheEndAreWipedWhenTheyAreGivenBack(t *testing.T) {
	t.Parallel()
	s := testArenas(t, 64*mebibyte)
	a := s.take(mebibyte)
	if _, err := a.Key(s.impl, []byte("password"), make([]byte, saltLength), 1, 1024, 1, tagLength); err != nil {
		t.Fatal(err)
	}
	s.close()
	if a.Size() == 0 {
		t.Fatal("an arena was taken from its hash")
	}
	s.giveBack(a, true)
	if a.Size() != 0 || s.size() != 0 {
		t.Errorf("the arena has %d bytes, and %d are held", a.Size(), s.size())
	}
}

// TestWhatGoesWrongAroundASlotDoesNotReachTheNextHash mixes good hashes with callers that
// cancel in the queue and while running, work that panics, and hashes that fail.
func TestWhatGoesWrongAroundASlotDoesNotReachTheNextHash(t *testing.T) {
	t.Parallel()
	params := Params{Memory: 256, Iterations: 2, Parallelism: 2}
	h, err := New(Config{Params: params, Budget: Budget{Memory: 2 * params.bytes(), Workers: 2, MaxWait: time.Minute}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	good := func(password string) {
		hash, err := h.Hash(t.Context(), password)
		if err != nil {
			t.Errorf("hash: %v", err)
			return
		}
		d, err := parseDigest(hash)
		if err != nil || !bytes.Equal(d.tag, compute([]byte(password), d.salt, d.params, tagLength)) {
			t.Errorf("%s is not the hash of %q, %v", hash, password, err)
		}
	}
	cancelled := func() {
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		if _, err := h.Hash(ctx, "cancelled"); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	}
	timedOut := func() {
		ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
		defer cancel()
		if _, err := h.Hash(ctx, "timed out"); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("timed out: %v", err)
		}
	}
	panics := func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		_, _ = h.run(t.Context(), params.bytes(), ForLogin, func() time.Duration { panic("on purpose") })
	}
	fails := func() {
		if h.arenas == nil {
			return
		}
		if _, err := h.arenas.key([]byte("password"), nil, Params{Memory: 7, Iterations: 1, Parallelism: 1}, tagLength); err == nil {
			t.Error("7 KiB are taken")
		}
	}
	var all sync.WaitGroup
	for range 20 {
		for _, do := range []func(){cancelled, timedOut, panics, fails, func() { good("first") }, func() { good("second") }} {
			all.Go(do)
		}
	}
	all.Wait()
	if s := h.Stats(); s.Running != 0 || s.Waiting != 0 || s.Memory != 0 || s.Kept > 2*params.bytes() {
		t.Errorf("afterwards: %+v", s)
	}
	good("third")
}

func TestABrokenImplementationIsSaidAndNotUsed(t *testing.T) {
	t.Parallel()
	h, err := New(Config{Params: Params{Memory: 64, Iterations: 1, Parallelism: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.SelfCheck(); err != nil {
		t.Error(err)
	}
	h.arenas = &arenas{impl: argon2id.Implementation("none"), max: mebibyte}
	if err := h.SelfCheck(); err == nil || h.Implementation() != Portable {
		t.Errorf("got %v, and %s computes", err, h.Implementation())
	}
	if err := h.SelfCheck(); err == nil {
		t.Error("it is forgotten")
	}
}
