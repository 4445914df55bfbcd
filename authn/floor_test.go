package authn

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authctl/authctl/store"
)

// spelling is a hash that another program made, and its password.
type spelling struct{ Source, Algorithm, Password, Hash string }

func spellings(t *testing.T) (all []spelling) {
	t.Helper()
	text, err := os.ReadFile("hashing/foreign/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// stopped is a floor whose waits are noted and not waited, on a clock that stands still.
type stopped struct {
	mu    sync.Mutex
	waits []time.Duration
}

func (f *fixture) stop() *stopped {
	var s stopped
	h := f.rules.Load().hasher
	at := time.Now()
	h.now = func() time.Time { return at }
	h.floor.sleep = func(_ context.Context, d time.Duration) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.waits = append(s.waits, d)
	}
	return &s
}

// computed is what one login has computed, and how long it was held back.
type computed struct {
	compared, wasted, others uint64
	held                     string
}

func (f *fixture) computes(s *stopped, in Account) (c computed, err error) {
	before := f.HashStats()
	s.waits = nil
	_, err = f.Login(f.ctx, visitor, in, "")
	after := f.HashStats()
	run := func(p Purpose) uint64 { return after.By[p].Run.Count - before.By[p].Run.Count }
	c = computed{compared: run(ForLogin), wasted: run(ForNobody), held: fmt.Sprint(s.waits)}
	c.others = after.Run - before.Run - c.compared - c.wasted
	return c, err
}

func roomyHashing(c *Config) { c.Hashing = Budget{Workers: 2, Memory: 64 << 20} }

// TestNoSpellingIsToldFromAnUnknownNameByWhatIsComputed counts what a timer would measure: after a
// failed check of any stored hash one of the configured cost is computed, and all refusals wait for the same moment.
func TestNoSpellingIsToldFromAnUnknownNameByWhatIsComputed(t *testing.T) {
	t.Parallel()
	onBoth(t, roomyHashing, func(t *testing.T, f *fixture) {
		const height = 12 * time.Second
		clock := f.stop()
		f.rules.Load().hasher.floor.set("bcrypt", kind{effort: 1 << 40, least: height, took: height})
		long := strings.Repeat("ä", 256) // 512 bytes, more than SHA-crypt takes
		want := computed{wasted: 1, held: fmt.Sprint([]time.Duration{height})}
		for _, name := range []string{"nobody", "no body"} {
			for _, password := range []string{"wrong", long, ""} {
				got, err := f.computes(clock, Account{name, password})
				wantCode(t, name, err, CodeInvalidCredentials)
				if got != want {
					t.Errorf("%q: computes %+v, want %+v", name, got, want)
				}
			}
		}
		want.compared = 1
		hashes := map[string]string{} // by hash
		for _, v := range spellings(t) {
			hashes[v.Hash] = v.Password
		}
		for _, p := range []Params{{Memory: 128, Iterations: 1, Parallelism: 1}, {Memory: 32, Iterations: 1, Parallelism: 1}} {
			own, err := newTestHasher(t, func(c *HasherConfig) { c.Params = p }).Hash(t.Context(), goodPassword)
			if err != nil {
				t.Fatal(err)
			}
			hashes[own] = goodPassword
		}
		i := 0
		for hash, right := range hashes {
			i++
			name, barred := fmt.Sprint("user", i), fmt.Sprint("barred", i)
			f.arrive(t, name, hash)
			f.arrive(t, barred, hash)
			if _, err := f.DisableUser(f.ctx, visitor, barred); err != nil {
				t.Fatal(err)
			}
			for what, in := range map[string]Account{
				"a wrong password": {name, "wrong"}, "a long one": {name, long}, "none": {name, ""}, "the right one of a disabled user": {barred, right},
			} {
				got, err := f.computes(clock, in)
				wantCode(t, what, err, CodeInvalidCredentials)
				if got != want {
					t.Errorf("%s: %s: computes %+v, want %+v", hash, what, got, want)
				}
			}
			if _, err := f.computes(clock, Account{name, right}); err != nil || len(clock.waits) > 0 {
				t.Errorf("%s: the right password: %v, held back %v", hash, err, clock.waits)
			}
			got, err := f.computes(clock, Account{name, "wrong"}) // of today's cost by now
			if wantCode(t, "after the upgrade", err, CodeInvalidCredentials); got != (computed{compared: 1, held: want.held}) {
				t.Errorf("%s: after the upgrade: computes %+v", hash, got)
			}
		}
	})
}

func TestWhereAllHashesAreOfTheConfiguredCostNobodyIsHeldBack(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		clock := f.stop()
		f.register(t, "alice")
		wantCode(t, "look", f.LookAtHashes(f.ctx), "")
		for _, name := range []string{"alice", "nobody"} {
			if got, err := f.computes(clock, Account{name, "wrong"}); CodeOf(err) != CodeInvalidCredentials || got.held != "[]" || got.compared+got.wasted != 1 {
				t.Errorf("%s: computes %+v, %v", name, got, err)
			}
		}
		if got := f.HashStats().By[ForFloor].Run.Count; got != 0 {
			t.Errorf("%d hashes were gauged", got)
		}
	})
}

func TestTheFloorFollowsTheCostliestHashOfEachAlgorithmThatIsStored(t *testing.T) {
	t.Parallel()
	onBoth(t, roomyHashing, func(t *testing.T, f *fixture) {
		clock := f.stop()
		h := f.rules.Load().hasher
		tick := time.Now() // each computation takes a second
		h.now = func() time.Time { tick = tick.Add(time.Second); return tick }
		efforts := map[string]int64{}
		for i, v := range spellings(t) {
			f.arrive(t, fmt.Sprint("user", i), v.Hash)
			s, err := h.parse(v.Hash)
			if err != nil {
				t.Fatal(err)
			}
			algorithm, effort := s.kind()
			efforts[algorithm] = max(efforts[algorithm], effort)
		}
		look := func(want int) {
			t.Helper()
			before := f.HashStats().By[ForFloor].Run.Count
			wantCode(t, "look", f.LookAtHashes(f.ctx), "")
			if got := f.HashStats().By[ForFloor].Run.Count - before; got != uint64(2*want) { // with one of the configured cost each
				t.Errorf("%d hashes were gauged, want %d", got, 2*want)
			}
		}
		look(len(efforts))
		for algorithm, effort := range efforts {
			if k := h.floor.kinds[algorithm]; k.effort != effort || k.least <= 0 || !k.gauged {
				t.Errorf("%s: got %+v, want an effort of %d", algorithm, k, effort)
			}
		}
		if height := h.floor.height(); height < 2*time.Second {
			t.Errorf("the floor is %s", height)
		}
		h.now = func() time.Time { return tick }
		if _, err := f.computes(clock, Account{"nobody", "wrong"}); CodeOf(err) != CodeInvalidCredentials || len(clock.waits) != 1 {
			t.Errorf("an unknown name: %v, held back %v", err, clock.waits)
		}
		h.now = func() time.Time { tick = tick.Add(time.Second); return tick }
		f.arrive(t, "late", "$6$rounds=9000$saltsalt$"+strings.Repeat("a", 86))
		look(0) // not before an hour is over
		f.advance(lookAgain)
		look(1)
		f.advance(lookAgain)
		look(0)
		users, _, err := f.Users(f.ctx, store.UserPage{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range users {
			if _, err := f.DeleteUser(f.ctx, visitor, u.User.Username); err != nil {
				t.Fatal(err)
			}
		}
		f.advance(lookAgain)
		look(0)
		if height := h.floor.height(); height != 0 {
			t.Errorf("the floor is %s when no hash is left", height)
		}
	})
}

func TestACostlierHashRaisesTheFloorAtItsFirstFailedCheck(t *testing.T) {
	t.Parallel()
	f := newFloor()
	for i, step := range []struct {
		effort int64
		took   time.Duration
		want   time.Duration
	}{
		{8, time.Second, time.Second},
		{8, 2 * time.Second, 2 * time.Second}, // under load
		{4, time.Millisecond, 2 * time.Second},
		{8, time.Second, 1875 * time.Millisecond}, // which is forgotten by and by
		{16, 3 * time.Second, 3 * time.Second},
		{16, time.Hour, maxFloor},
	} {
		if f.learn("bcrypt", step.effort, step.took); f.height() != step.want {
			t.Errorf("step %d: the floor is %s, want %s", i, f.height(), step.want)
		}
	}
	f.forget(func(string) bool { return false })
	if f.height() != 0 {
		t.Errorf("the floor is %s", f.height())
	}
}

func TestOnlyItsClientAndTheEndCutShortHowLongARefusalIsHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFloor()
		f.set("bcrypt", kind{effort: 1, took: 10 * time.Second})
		held := func(ctx context.Context) time.Duration {
			began := time.Now()
			f.hold(ctx, began, began.Add(time.Second))
			if f.holding() != 0 {
				t.Error("is counted as held afterwards")
			}
			return time.Since(began)
		}
		if got := held(t.Context()); got != 9*time.Second {
			t.Errorf("held for %s, want what is left of the floor", got)
		}
		late, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if got := held(late); got != 9*time.Second {
			t.Errorf("with a deadline: held for %s", got)
		}
		gone, hangUp := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, hangUp)
		if got := held(gone); got != 3*time.Second {
			t.Errorf("whose client hangs up: held for %s", got)
		}
		for range maxHeld {
			go f.hold(t.Context(), time.Now(), time.Now())
		}
		synctest.Wait()
		if err := f.full(); err == nil || retryAfter(err) != 10*time.Second {
			t.Errorf("with %d held: %v", f.holding(), err)
		}
		f.end()
		synctest.Wait()
		if f.holding() != 0 || f.full() != nil {
			t.Errorf("%d are held after the end", f.holding())
		}
		if got := held(t.Context()); got != 0 {
			t.Errorf("after the end: held for %s", got)
		}
	})
}

func TestARefusalThatIsHeldKeepsNobodyFromHashing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { c.Hashing.Workers = 1 }, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		h := f.rules.Load().hasher
		h.floor.set("bcrypt", kind{effort: 1, took: time.Hour})
		sleeping, wake := make(chan struct{}), make(chan struct{})
		h.floor.sleep = func(context.Context, time.Duration) { sleeping <- struct{}{}; <-wake }
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				_, err := f.Login(f.ctx, visitor, Account{"nobody", "wrong"}, "")
				wantCode(t, "held back", err, CodeInvalidCredentials)
			})
			<-sleeping
		}
		f.signIn(t, "alice")
		if got := f.HashStats(); got.Held != 5 || got.Running != 0 || got.Waiting != 0 || got.Memory != 0 {
			t.Errorf("while five are held: %d held, %d running, %d waiting with %d bytes", got.Held, got.Running, got.Waiting, got.Memory)
		}
		close(wake)
		all.Wait()
		h.floor.sleep = h.floor.await
		f.EndHolding()
		_, err := f.Login(f.ctx, visitor, Account{"nobody", "wrong"}, "")
		wantCode(t, "at the end, not held for an hour", err, CodeInvalidCredentials)
	})
}
