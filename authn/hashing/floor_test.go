package hashing

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// once is a stored hash that is compared with a password once.
func once(effort int64) sample {
	return sample{"bcrypt", effort, func(Password) int { return 1 }}
}

// TestTheFloorFollowsTheNumberOfTriesOfThePassword: who guesses decides how many forms of a password are
// compared, for an account that exists and for one that does not.
func TestTheFloorFollowsTheNumberOfTriesOfThePassword(t *testing.T) {
	t.Parallel()
	two := Password{Typed: "e\u0301", NFC: "\u00e9"}
	s := sample{"bcrypt", 8, func(p Password) int { return 2 * len(p.Texts()) }}
	for _, first := range []Password{both("x"), two} {
		f := newFloor(nil)
		n := time.Duration(len(first.Texts()))
		f.learn(s, first, Took{Run: n * 5 * time.Second / 2, aside: n * time.Second / 2})
		for p, want := range map[Password]time.Duration{both("x"): 3 * time.Second, two: 6 * time.Second} {
			if got := f.height(p); got != want { // a try takes one second, and a hash that is wasted half of it
				t.Errorf("after %q: %q is held for %s, want %s", first.Typed, p.Typed, got, want)
			}
		}
	}
}

func TestACostlierHashRaisesTheFloorAtItsFirstFailedCheck(t *testing.T) {
	t.Parallel()
	f := newFloor(nil)
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
		if f.learn(once(step.effort), both("x"), Took{Run: step.took}); f.height(both("x")) != step.want {
			t.Errorf("step %d: the floor is %s, want %s", i, f.height(both("x")), step.want)
		}
	}
	f.surveyed(time.Now(), func(string) bool { return false })
	if f.height(both("x")) != 0 {
		t.Errorf("the floor is %s", f.height(both("x")))
	}
}

func TestOnlyItsClientAndTheEndCutShortHowLongARefusalIsHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFloor(nil)
		f.set(kind{sample: once(1), took: 10 * time.Second})
		held := func(ctx context.Context) time.Duration {
			began := time.Now()
			f.hold(ctx, both("x"), began, began.Add(time.Second))
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
			go f.hold(t.Context(), both("x"), time.Now(), time.Now())
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
