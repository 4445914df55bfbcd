package hashing

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestThereAreMoreThreadsWhileHashesAreComputedOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now, changes := 2, 0
		threads := threads{set: func(n int) int {
			before := now
			if n > 0 && n != now {
				now, changes = n, changes+1
			}
			return before
		}}
		h, err := New(Config{Params: Params{Memory: 64, Iterations: 1, Parallelism: 1}, Budget: Budget{Workers: 3}})
		if err != nil {
			t.Fatal(err)
		}
		h.threads = &threads
		want := func(when string, want int) {
			t.Helper()
			synctest.Wait()
			if now != want || threads.processors() != 2 {
				t.Errorf("%s: %d threads on %d processors, want %d on 2", when, now, threads.processors(), want)
			}
		}
		hash := func() {
			t.Helper()
			if _, err := h.run(t.Context(), 1, ForLogin, func() time.Duration { want("during a hash", 5); return 0 }); err != nil {
				t.Fatal(err)
			}
		}
		hash()
		want("after it", 5)
		time.Sleep(calmAfter / 2)
		hash()
		time.Sleep(calmAfter * 3 / 4)
		want("soon after another", 5)
		time.Sleep(calmAfter)
		want("long after it", 2)
		if changes != 2 {
			t.Errorf("two hashes changed the number of threads %d times, want 2", changes)
		}
		if h, err = h.With(Config{Params: h.params, Budget: Budget{Workers: 3, MaxWait: time.Minute}}); err != nil {
			t.Fatal(err)
		}
		hash()
	})
}

func TestAHashThatIsRunningKeepsItsThreads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := 1
		threads := threads{set: func(n int) int {
			before := now
			now = max(n, 1) // n is 0 only in the next line's question
			if n == 0 {
				now = before
			}
			return before
		}}
		threads.begin(2)
		threads.begin(2)
		threads.end()
		time.Sleep(2 * calmAfter)
		synctest.Wait()
		if now != 3 {
			t.Errorf("%d threads while a hash is running, want 3", now)
		}
		threads.end()
		time.Sleep(2 * calmAfter)
		synctest.Wait()
		if now != 1 {
			t.Errorf("%d threads after it, want 1", now)
		}
	})
}

func TestProcessorsIsTheSettingOfGo(t *testing.T) {
	t.Parallel()
	if got, want := Processors(), runtime.GOMAXPROCS(0); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}
