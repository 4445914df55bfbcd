package authn

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/authn/hashing"
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

// stopped is a hasher's clock that records waits instead of waiting.
type stopped struct {
	mu    sync.Mutex
	waits []time.Duration
	at    time.Time
	tick  time.Duration // that each reading takes; 0 while the clock stands still
}

func (s *stopped) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(s.tick)
	return s.at
}

func (s *stopped) sleep(_ context.Context, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits = append(s.waits, d)
}

func (f *fixture) stop(t *testing.T) *stopped {
	t.Helper()
	s := &stopped{at: time.Now()}
	f.replaceHasher(t, func(c *hashing.Config) { c.Now, c.Sleep = s.now, s.sleep })
	return s
}

// raiseFloor makes the failed check of an expensive hash take some seconds of the hasher's
// clock.
func (f *fixture) raiseFloor(t *testing.T, clock *stopped) {
	t.Helper()
	f.arrive(t, "costly", hashAt(t, hashing.Params{Memory: 256, Iterations: 20, Parallelism: 1})) // more effort than those to come
	clock.tick = 4 * time.Second
	_, err := f.Login(f.ctx, visitor, Account{Username: "costly", Password: "wrong"}, "")
	wantCode(t, "a failed check", err, CodeInvalidCredentials)
	clock.tick = 0
}

// computed is what one login has computed, and how long its answer was delayed.
type computed struct {
	compared, wasted, others uint64
	held                     string
}

func (f *fixture) computes(s *stopped, in Account) (c computed, err error) {
	before := f.HashStats()
	s.waits = nil
	_, err = f.Login(f.ctx, visitor, in, "")
	after := f.HashStats()
	run := func(p hashing.Purpose) uint64 { return after.By[p].Run.Count - before.By[p].Run.Count }
	c = computed{compared: run(hashing.ForLogin), wasted: run(hashing.ForNobody), held: fmt.Sprint(s.waits)}
	c.others = after.Run - before.Run - c.compared - c.wasted
	return c, err
}

func roomyHashing(c *Config) { c.Hashing = hashing.Budget{Workers: 2, Memory: 64 << 20} }

// TestNoSpellingIsToldFromAnUnknownNameByWhatIsComputed counts what a timer would measure:
// after a failed check of any stored hash, one hash of the configured cost is computed, and
// all refusals wait until the same moment.
func TestNoSpellingIsToldFromAnUnknownNameByWhatIsComputed(t *testing.T) {
	t.Parallel()
	onBoth(t, roomyHashing, func(t *testing.T, f *fixture) {
		clock := f.stop(t)
		f.raiseFloor(t, clock)
		long := strings.Repeat("ä", 256) // 512 bytes, more than SHA-crypt takes
		want, err := f.computes(clock, Account{Username: "nobody", Password: "wrong"})
		wantCode(t, "nobody", err, CodeInvalidCredentials)
		if len(clock.waits) != 1 || clock.waits[0] <= 0 || want.wasted != 1 || want.compared+want.others != 0 {
			t.Fatalf("an unknown name computes %+v", want)
		}
		for _, name := range []string{"nobody", "no body"} {
			for _, password := range []string{"wrong", long, ""} {
				got, err := f.computes(clock, Account{Username: name, Password: password})
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
		for _, p := range []hashing.Params{{Memory: 128, Iterations: 1, Parallelism: 1}, {Memory: 32, Iterations: 1, Parallelism: 1}} {
			hashes[hashAt(t, p)] = goodPassword
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
				"a wrong password": {Username: name, Password: "wrong"}, "a long one": {Username: name, Password: long}, "none": {Username: name, Password: ""}, "the right one of a disabled user": {Username: barred, Password: right},
			} {
				got, err := f.computes(clock, in)
				wantCode(t, what, err, CodeInvalidCredentials)
				if got != want {
					t.Errorf("%s: %s: computes %+v, want %+v", hash, what, got, want)
				}
			}
			if _, err := f.computes(clock, Account{Username: name, Password: right}); err != nil || len(clock.waits) > 0 {
				t.Errorf("%s: the right password: %v, held back %v", hash, err, clock.waits)
			}
			after := computed{compared: 1, held: want.held} // of today's cost by now
			if strings.HasPrefix(hash, "$2b$") && len(right) > 72 {
				after = want // bcrypt did not see the whole password, so the hash is kept
			}
			got, err := f.computes(clock, Account{Username: name, Password: "wrong"})
			if wantCode(t, "after the right password", err, CodeInvalidCredentials); got != after {
				t.Errorf("%s: after the right password: computes %+v, want %+v", hash, got, after)
			}
		}
	})
}

func TestWhereAllHashesAreOfTheConfiguredCostNobodyIsHeldBack(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		clock := f.stop(t)
		f.register(t, "alice")
		wantCode(t, "look", f.SurveyHashes(f.ctx), "")
		for _, name := range []string{"alice", "nobody"} {
			if got, err := f.computes(clock, Account{Username: name, Password: "wrong"}); CodeOf(err) != CodeInvalidCredentials || got.held != "[]" || got.compared+got.wasted != 1 {
				t.Errorf("%s: computes %+v, %v", name, got, err)
			}
		}
		if got := f.HashStats().By[hashing.ForFloor].Run.Count; got != 0 {
			t.Errorf("%d hashes were gauged", got)
		}
	})
}

func TestTheFloorFollowsTheCostliestHashesThatAreStored(t *testing.T) {
	t.Parallel()
	onBoth(t, roomyHashing, func(t *testing.T, f *fixture) {
		clock := f.stop(t)
		for i, v := range spellings(t) {
			f.arrive(t, fmt.Sprint("user", i), v.Hash)
		}
		look := func() (gauged uint64) {
			t.Helper()
			clock.tick = time.Second // each computation takes one
			defer func() { clock.tick = 0 }()
			before := f.HashStats().By[hashing.ForFloor].Run.Count
			wantCode(t, "look", f.SurveyHashes(f.ctx), "")
			return f.HashStats().By[hashing.ForFloor].Run.Count - before
		}
		if got := look(); got == 0 {
			t.Error("no hash was gauged")
		}
		if _, err := f.computes(clock, Account{Username: "nobody", Password: "wrong"}); CodeOf(err) != CodeInvalidCredentials || len(clock.waits) != 1 || clock.waits[0] < 2*time.Second {
			t.Errorf("an unknown name: %v, held back %v", err, clock.waits)
		}
		f.arrive(t, "late", "$6$rounds=9000$saltsalt$"+strings.Repeat("a", 86))
		if got := look(); got != 0 {
			t.Errorf("%d hashes were gauged before an hour was over", got)
		}
		for i, want := range []uint64{2, 0} { // the late one, and one of the configured cost
			f.advance(time.Hour)
			if got := look(); got != want {
				t.Errorf("%d hashes were gauged after hour %d, want %d", got, i+1, want)
			}
		}
		users, _, err := f.Users(f.ctx, store.UserPage{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range users {
			if _, err := f.DeleteUser(f.ctx, visitor, u.User.Username); err != nil {
				t.Fatal(err)
			}
		}
		f.advance(time.Hour)
		if got := look(); got != 0 {
			t.Errorf("%d hashes were gauged when none is left", got)
		}
		if _, err := f.computes(clock, Account{Username: "nobody", Password: "wrong"}); CodeOf(err) != CodeInvalidCredentials || len(clock.waits) != 0 {
			t.Errorf("an unknown name when no hash is left: %v, held back %v", err, clock.waits)
		}
	})
}

func TestARefusalThatIsHeldKeepsNobodyFromHashing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { c.Hashing = hashing.Budget{Workers: 1, Memory: 1 << 20} }, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		clock := &stopped{at: time.Now()}
		f.replaceHasher(t, func(c *hashing.Config) { c.Now = clock.now })
		f.raiseFloor(t, clock)
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				_, err := f.Login(f.ctx, visitor, Account{Username: "nobody", Password: "wrong"}, "")
				wantCode(t, "held back", err, CodeInvalidCredentials)
			})
			until(t, "one more is held", func() bool { return f.HashStats().Held == i+1 })
		}
		f.signIn(t, "alice")
		if got := f.HashStats(); got.Held != 5 || got.Running != 0 || got.Waiting != 0 || got.Memory != 0 {
			t.Errorf("while five are held: %d held, %d running, %d waiting with %d bytes", got.Held, got.Running, got.Waiting, got.Memory)
		}
		f.EndHolding()
		all.Wait()
		_, err := f.Login(f.ctx, visitor, Account{Username: "nobody", Password: "wrong"}, "")
		wantCode(t, "at the end", err, CodeInvalidCredentials)
		if got := f.HashStats().Held; got != 0 {
			t.Errorf("%d are held after the end", got)
		}
	})
}
