package authn

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	firstPepper  = "first pepper: 5f9c1e7ab24d80637c"
	secondPepper = "second pepper: 0b6de2f87a419c35d1"
)

func newTestHasher(t testing.TB, configure func(*HasherConfig)) *Hasher {
	t.Helper()
	cfg := HasherConfig{Params: cheap, Budget: Budget{Workers: 1}}
	if configure != nil {
		configure(&cfg)
	}
	h, err := NewHasher(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func both(password string) typed { return typed{password, password} }

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
	phc, err := h.hash(t.Context(), "correct horse", ForAccount, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := mustParse(t, phc)
	for password, want := range map[string]bool{"correct horse": true, "Correct horse": false} {
		got, _, err := h.check(t.Context(), both(password), storedHash{own: d}, false, nil)
		if err != nil || got != want {
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

// TestWhereThereIsNoHashOneOfTheConfiguredCostIsComputed leaves a little less memory than
// that takes: it then has to wait for its turn, which a cheaper one would not.
func TestWhereThereIsNoHashOneOfTheConfiguredCostIsComputed(t *testing.T) {
	t.Parallel()
	for _, memory := range []uint32{64, 128, 1024} {
		params := Params{Memory: memory, Iterations: 2, Parallelism: 1}
		h := newTestHasher(t, func(c *HasherConfig) { c.Params, c.Budget = params, Budget{Workers: 2, Memory: params.bytes()} })
		if err := h.queue.acquire(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := h.waste(ctx, "correct horse", nil)
		wantCode(t, "without the memory for one", err, CodeOverloaded)
		cancel()
		h.queue.release(1, 0)
		_, err = h.waste(t.Context(), "correct horse", nil)
		wantCode(t, "with it", err, "")
		if got := h.Stats().By[ForNobody].Run.Count; got != 1 {
			t.Errorf("%d hashes, want 1", got)
		}
	}
}

func TestCallerWhoseContextEndsInTheQueueIsToldToComeBack(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, nil)
	if err := h.queue.acquire(t.Context(), 1); err != nil { // the only turn is taken
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.hash(ctx, "correct horse", ForAccount, nil)
	wantCode(t, "hash", err, CodeOverloaded)
	if got := h.Stats(); got.Run != 0 || got.Waiting != 0 {
		t.Errorf("got %+v, want nothing run and nobody waiting", got)
	}
}

func TestAHasherRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for want, configure := range map[string]func(*HasherConfig){
		"more than the memory budget": func(c *HasherConfig) { c.Params.Memory, c.Budget.Memory = 65, 64<<10 },
		"iterations":                  func(c *HasherConfig) { c.Params.Iterations = 0 },
		"pepper: must have at least":  func(c *HasherConfig) { c.Pepper = "short" },
		"previous pepper: must have":  func(c *HasherConfig) { c.PreviousPeppers = []string{"short"} },
	} {
		cfg := HasherConfig{Params: cheap}
		configure(&cfg)
		if _, err := NewHasher(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestPeppers(t *testing.T) {
	t.Parallel()
	with := func(current string, previous ...string) *Hasher {
		return newTestHasher(t, func(c *HasherConfig) { c.Pepper, c.PreviousPeppers = current, previous })
	}
	const password = "correct horse"
	hashOf := func(h *Hasher) digest {
		phc, err := h.hash(t.Context(), password, ForAccount, nil)
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
			if ok, _, err := tt.hasher.check(t.Context(), both(typed), storedHash{own: tt.stored}, false, nil); ok != want || (err == nil) != tt.usable {
				t.Errorf("%s: verify %s: got %v, %v", tt.name, typed, ok, err)
			}
		}
	}
	stolen := first // by somebody who has the database alone
	stolen.pepper = ""
	if ok, _, err := with("").check(t.Context(), both(password), storedHash{own: stolen}, false, nil); ok || err != nil {
		t.Errorf("without the pepper: got %v, %v", ok, err)
	}
}

// TestAPepperIsRotatedAtLogin has an account go from no pepper to one and to the next.
func TestAPepperIsRotatedAtLogin(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		seen := map[string]bool{}
		for _, peppers := range [][]string{{""}, {firstPepper}, {secondPepper, firstPepper}, {"", secondPepper}} {
			node := newFixture(t, f.store, func(c *Config) { c.Pepper, c.PreviousPeppers = peppers[0], peppers[1:] })
			node.signIn(t, "alice")
			creds, err := f.store.Credentials(f.ctx, "alice")
			if err != nil {
				t.Fatal(err)
			}
			if d := mustParse(t, creds.PasswordHash); d.pepper != node.rules.Load().hasher.peppers.current || seen[creds.PasswordHash] {
				t.Errorf("with %q: the hash is %s", peppers, creds.PasswordHash)
			}
			if peppers[0] != "" {
				seen[creds.PasswordHash] = true
			}
		}
		lost := newFixture(t, f.store, func(c *Config) { c.Pepper = firstPepper })
		lost.signIn(t, "alice") // the hash is without again
		_, err := newFixture(t, f.store, nil).Login(f.ctx, visitor, Account{"alice", goodPassword}, "")
		wantCode(t, "login without the pepper", err, CodeInvalidCredentials)
		if err == nil || !strings.Contains(err.Error(), "password.previous_peppers") {
			t.Errorf("the log hears %v, and not what to do", err)
		}
	})
}

// TestWhoWouldWaitTooLongIsRefusedBeforeTheDatabaseIsAsked has the only worker busy for
// long, as all before were.
func TestWhoWouldWaitTooLongIsRefusedBeforeTheDatabaseIsAsked(t *testing.T) {
	t.Parallel()
	f := newFixture(t, openSQLite(t), func(c *Config) { c.Hashing.Workers = 1 })
	f.register(t, "alice")
	f.rules.Load().hasher.queue.mean = time.Hour
	if err := f.rules.Load().hasher.queue.acquire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for name, why := range map[string]Purpose{"alice": ForLogin, "bob": ForAccount} {
		var g Grant
		var err error
		if why == ForLogin {
			g, err = f.Login(f.ctx, visitor, Account{name, goodPassword}, "")
		} else {
			_, err = f.Register(f.ctx, visitor, Account{name, goodPassword})
		}
		wantCode(t, string(why), err, CodeOverloaded)
		if e, ok := errors.AsType[*Error](err); !ok || e.RetryAfter < time.Minute {
			t.Errorf("%s: got %+v, want to be told when to come again", why, e)
		}
		if slices.ContainsFunc(g.Steps, func(s Step) bool { return s.Name == "lookup" }) {
			t.Errorf("%s: the database was asked: %v", why, g.Steps)
		}
		if got := f.HashStats().By[why].Shed; got != 1 {
			t.Errorf("%s: %d were counted as refused", why, got)
		}
	}
	f.rules.Load().hasher.queue.release(1, 0)
	f.signIn(t, "alice")
}
