package hashing

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

const (
	firstPepper  = "first pepper: 5f9c1e7ab24d80637c"
	secondPepper = "second pepper: 0b6de2f87a419c35d1"
)

func newTestHasher(t testing.TB, configure func(*Config)) *Hasher {
	t.Helper()
	cfg := Config{Params: cheap, Budget: Budget{Workers: 1}}
	if configure != nil {
		configure(&cfg)
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func both(password string) Password { return Password{Typed: password, NFC: password} }

// wantOverloaded fails the test unless err is [*Overloaded].
func wantOverloaded(t *testing.T, what string, err error) {
	t.Helper()
	if _, ok := errors.AsType[*Overloaded](err); !ok {
		t.Errorf("%s: got %v, want to be refused", what, err)
	}
}

func mustParse(t testing.TB, phc string) digest {
	t.Helper()
	d, err := parseDigest(phc)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestHashAndVerifyCountOneComputationEach(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, nil)
	phc, err := h.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	d := mustParse(t, phc)
	for password, want := range map[string]bool{"correct horse": true, "Correct horse": false} {
		got, _, err := h.Verify(t.Context(), both(password), Stored{own: d})
		if err != nil || got.OK != want {
			t.Errorf("verify %q: got %v, %v; want %v", password, got, err, want)
		}
	}
	got := h.Stats()
	if got.Run != 3 || got.Running != 0 || got.Waiting != 0 || got.Memory != 0 {
		t.Errorf("got %+v, want 3 run and none under way", got)
	}
	for why, want := range map[Purpose]uint64{ForAccount: 1, ForLogin: 2, ForNobody: 0, ForUpgrade: 0} {
		times := got.By[why]
		if times.Run.Count != want || times.Wait.Count != want || times.Run.Buckets[5*time.Second] != want || (times.Run.Sum > 0) != (want > 0) {
			t.Errorf("%s: got %+v, want %d", why, times, want)
		}
	}
}

// TestWhereThereIsNoHashOneOfTheConfiguredCostIsComputed leaves a little less memory than that
// hash needs. It then waits for a slot; a cheaper hash would not.
func TestWhereThereIsNoHashOneOfTheConfiguredCostIsComputed(t *testing.T) {
	t.Parallel()
	for _, memory := range []uint32{64, 128, 1024} {
		params := Params{Memory: memory, Iterations: 2, Parallelism: 1}
		h := newTestHasher(t, func(c *Config) { c.Params, c.Budget = params, Budget{Workers: 2, Memory: params.bytes()} })
		if err := h.queue.acquire(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := h.Waste(ctx, both("correct horse"))
		wantOverloaded(t, "without the memory for one", err)
		cancel()
		h.queue.release(1, 0)
		if _, err = h.Waste(t.Context(), both("correct horse")); err != nil {
			t.Errorf("with it: %v", err)
		}
		if got := h.Stats().By[ForNobody].Run.Count; got != 1 {
			t.Errorf("%d hashes, want 1", got)
		}
	}
}

func TestCallerWhoseContextEndsInTheQueueIsToldToComeBack(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, nil)
	if err := h.queue.acquire(t.Context(), 1); err != nil { // the only slot is taken
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.Hash(ctx, "correct horse")
	wantOverloaded(t, "hash", err)
	if got := h.Stats(); got.Run != 0 || got.Waiting != 0 {
		t.Errorf("got %+v, want nothing run and nobody waiting", got)
	}
}

func TestAHasherRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for want, configure := range map[string]func(*Config){
		"more than the memory budget": func(c *Config) { c.Params.Memory, c.Budget.Memory = 65, 64<<10 },
		"iterations":                  func(c *Config) { c.Params.Iterations = 0 },
	} {
		cfg := Config{Params: cheap}
		configure(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestPeppers(t *testing.T) {
	t.Parallel()
	with := func(current string, previous ...string) *Hasher {
		return newTestHasher(t, func(c *Config) { c.Pepper, c.PreviousPeppers = current, previous })
	}
	const password = "correct horse"
	hashOf := func(h *Hasher) digest {
		phc, err := h.Hash(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(phc, firstPepper) || strings.Contains(phc, secondPepper) {
			t.Errorf("%s holds the pepper", phc)
		}
		return mustParse(t, phc)
	}
	plain, first := hashOf(with("")), hashOf(with(firstPepper))
	for _, tt := range []struct {
		name     string
		hasher   *Hasher
		stored   digest
		usable   bool
		outdated bool
	}{
		{"the same pepper", with(firstPepper), first, true, false},
		{"rotated", with(secondPepper, firstPepper), first, true, true},
		{"given up", with("", firstPepper), first, true, true},
		{"lost", with(secondPepper), first, false, true},
		{"introduced", with(firstPepper), plain, true, true},
		{"never", with(""), plain, true, false},
	} {
		err := tt.hasher.usable(tt.stored)
		if (err == nil) != tt.usable || tt.hasher.outdatedOwn(tt.stored) != tt.outdated {
			t.Errorf("%s: got %v, outdated %v", tt.name, err, tt.hasher.outdatedOwn(tt.stored))
		}
		for typed, want := range map[string]bool{password: tt.usable, "wrong": false} {
			if m, _, err := tt.hasher.Verify(t.Context(), both(typed), Stored{own: tt.stored}); m.OK != want || (err == nil) != tt.usable {
				t.Errorf("%s: verify %s: got %v, %v", tt.name, typed, m, err)
			}
		}
	}
	stolen := first // by somebody who has the database alone
	stolen.pepper = ""
	if m, _, err := with("").Verify(t.Context(), both(password), Stored{own: stolen}); m.OK || err != nil {
		t.Errorf("without the pepper: got %+v, %v", m, err)
	}
}

func TestAHasherOfAnotherConfigurationContinuesTheStatisticsAndTheFloor(t *testing.T) {
	t.Parallel()
	before := newTestHasher(t, nil)
	if _, err := before.Hash(t.Context(), "correct horse"); err != nil {
		t.Fatal(err)
	}
	before.floor.set(kind{sample: once(1), took: time.Second})
	if same, err := before.With(before.config); err != nil || same != before {
		t.Errorf("of the same configuration: another one, %v", err)
	}
	changed := before.config
	changed.Params.Iterations++
	after, err := before.With(changed)
	if err != nil || after == before || after.params != changed.Params {
		t.Fatalf("of another configuration: got %+v, %v", after, err)
	}
	if got := after.Stats().Run; got != 1 || after.floor.height(both("x")) != time.Second {
		t.Errorf("%d hashes are counted, and the floor is %s", got, after.floor.height(both("x")))
	}
	changed.Params.Iterations = 0
	if _, err := before.With(changed); err == nil {
		t.Error("a cost that is not allowed is taken")
	}
}

// TestTheQueueIsAskedBeforeAPlaceIsGiven: the only worker is busy, and a hash takes an hour.
func TestTheQueueIsAskedBeforeAPlaceIsGiven(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, nil)
	h.queue.mean = time.Hour
	if err := h.queue.acquire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for _, why := range []Purpose{ForLogin, ForAccount} {
		_, err := h.Enter(t.Context(), why)
		if over, ok := errors.AsType[*Overloaded](err); !ok || over.RetryAfter != time.Hour || h.Stats().By[why].Shed != 1 {
			t.Errorf("%s: got %v, want to be told when to come again", why, err)
		}
	}
}
