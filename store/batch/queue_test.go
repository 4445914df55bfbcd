package batch_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authctl/authctl/store/batch"
)

// desk is a queue whose calls wait until they are let through. A call returns its own number.
type desk struct {
	*batch.Queue[int, int]
	config  batch.Config[int, int]
	through chan struct{}

	mu      sync.Mutex
	batches [][]int // what was carried out together, and alone
}

func newDesk(workers, size int) *desk {
	d := &desk{through: make(chan struct{})}
	d.config = batch.Config[int, int]{
		Workers: workers, Size: size, Patience: time.Minute,
		Alone: func(_ context.Context, n int) (int, error) {
			d.note(n)
			<-d.through
			return n, nil
		},
		Together: func(calls []*batch.Call[int, int]) {
			var numbers []int
			for _, c := range calls {
				numbers = append(numbers, c.In)
				c.Out = c.In
			}
			d.note(numbers...)
			<-d.through
			if slices.Contains(numbers, -1) {
				panic("minus one")
			}
		},
	}
	d.Queue = batch.New(d.config)
	return d
}

const slow = 100 * time.Millisecond

// slow returns the configuration of a desk that does not wait for slow batches.
func (d *desk) slow(most int) batch.Config[int, int] {
	c := d.config
	c.Slow, c.Most = slow, most
	return c
}

func (d *desk) note(numbers ...int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.batches = append(d.batches, numbers)
}

// ask starts one call after the other, and returns what waits for all of them.
func (d *desk) ask(t *testing.T, ctx context.Context, numbers ...int) (answered func()) {
	var wg sync.WaitGroup
	for _, n := range numbers {
		wg.Go(func() {
			if got, err := d.Do(ctx, n); got != n || err != nil {
				t.Errorf("call %d returns %d, %v", n, got, err)
			}
		})
		synctest.Wait()
	}
	return wg.Wait
}

func (d *desk) wantBatches(t *testing.T, want ...[]int) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.EqualFunc(d.batches, want, slices.Equal) {
		t.Errorf("batches %v, want %v", d.batches, want)
	}
}

func TestWhatWaitsTravelsTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(1, 3)
		answered := d.ask(t, t.Context(), 1, 2, 3, 4, 5, 6)
		if n := d.Stats().Waiting; n != 5 {
			t.Errorf("%d calls wait, want 5", n)
		}
		close(d.through)
		answered()
		d.wantBatches(t, []int{1}, []int{2, 3, 4}, []int{5, 6}) // a batch has three calls at most
		if s := d.Stats(); s.Size.Count != 3 || s.Size.Sum != 6 || s.Wait.Count != 6 || s.Waiting != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestEachWorkerHasABatchOfItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(2, 10)
		answered := d.ask(t, t.Context(), 1, 2, 3, 4)
		d.through <- struct{}{} // one of the first two is done, and its worker takes both that wait
		synctest.Wait()
		d.wantBatches(t, []int{1}, []int{2}, []int{3, 4})
		close(d.through)
		answered()
		answered = d.ask(t, t.Context(), 5) // both workers are free again
		answered()
		d.wantBatches(t, []int{1}, []int{2}, []int{3, 4}, []int{5})
	})
}

func TestACallerWhoGoesUndoesNoBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(1, 10)
		first := d.ask(t, t.Context(), 1)
		ctx, leave := context.WithCancel(t.Context())
		gone := make(chan error, 2)
		call := func(n int) {
			go func() {
				_, err := d.Do(ctx, n)
				gone <- err
			}()
		}
		call(2)
		synctest.Wait()
		second := d.ask(t, t.Context(), 3)
		d.through <- struct{}{} // 2 and 3 are under way
		first()
		synctest.Wait()
		call(4) // waits
		synctest.Wait()
		leave()
		for range 2 {
			if err := <-gone; !errors.Is(err, context.Canceled) {
				t.Errorf("a caller who goes gets %v", err)
			}
		}
		close(d.through)
		second()
		synctest.Wait()
		d.wantBatches(t, []int{1}, []int{2, 3})
	})
}

func TestACallThatWaitsTooLongIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(1, 1)
		first := d.ask(t, t.Context(), 1)
		began := time.Now()
		if _, err := d.Do(t.Context(), 2); !errors.Is(err, batch.ErrPatience) || time.Since(began) != time.Minute {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		second := d.ask(t, t.Context(), 3)
		time.Sleep(time.Second)
		d.through <- struct{}{} // 3 is under way, and now its patience does not matter
		first()
		time.Sleep(time.Hour)
		close(d.through)
		second()
		d.wantBatches(t, []int{1}, []int{3})
		if w := d.Stats().Wait; w.Count != 3 || w.Sum != 61 {
			t.Errorf("%d calls waited %v s, want 3 and 61 s: who waits in vain waits longest", w.Count, w.Sum)
		}
	})
}

func TestAPanicIsThatOfEachCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(1, 10)
		first := d.ask(t, t.Context(), 1)
		said := make(chan any, 2)
		for _, n := range []int{-1, 2} {
			go func() {
				defer func() { said <- recover() }()
				d.Do(t.Context(), n)
			}()
		}
		synctest.Wait()
		close(d.through)
		first()
		for range 2 {
			if text, _ := (<-said).(string); !strings.Contains(text, "minus one") || !strings.Contains(text, "queue_test.go") {
				t.Errorf("a caller panics with %q", text)
			}
		}
		d.ask(t, t.Context(), 3)() // the worker is free
	})
}

func TestASlowBatchIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(1, 10)
		d.Queue = batch.New(d.slow(3))
		answered := d.ask(t, t.Context(), 1, 2, 3)
		d.wantBatches(t, []int{1})
		time.Sleep(slow)
		synctest.Wait()
		d.wantBatches(t, []int{1}, []int{2, 3})
		last := d.ask(t, t.Context(), 4) // the worker of 2 and 3 is not slow yet
		d.wantBatches(t, []int{1}, []int{2, 3})
		time.Sleep(slow)
		synctest.Wait()
		d.wantBatches(t, []int{1}, []int{2, 3}, []int{4})
		time.Sleep(slow)
		none := d.ask(t, t.Context(), 5) // three are the most
		d.wantBatches(t, []int{1}, []int{2, 3}, []int{4})
		close(d.through)
		answered()
		last()
		none()
		d.wantBatches(t, []int{1}, []int{2, 3}, []int{4}, []int{5})
	})
}

func TestAWorkerThatWasReplacedTakesNothingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(1, 10)
		d.Queue = batch.New(d.slow(2))
		first := d.ask(t, t.Context(), 1)
		time.Sleep(slow)
		second := d.ask(t, t.Context(), 2) // need not wait: 1 is slow
		third := d.ask(t, t.Context(), 3)
		d.through <- struct{}{} // 1
		first()
		synctest.Wait()
		d.wantBatches(t, []int{1}, []int{2})
		d.through <- struct{}{} // 2
		second()
		synctest.Wait()
		d.wantBatches(t, []int{1}, []int{2}, []int{3})
		close(d.through)
		third()
	})
}

// TestFewCallsAreAloneAndManyTravelTogether: three calls may be alone at the same time, but not
// beside a batch.
func TestFewCallsAreAloneAndManyTravelTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(1, 10)
		d.config.Singles = 3
		d.Queue = batch.New(d.config)
		answered := d.ask(t, t.Context(), 1, 2, 3, 4, 5)
		d.wantBatches(t, []int{1}, []int{2}, []int{3})
		d.through <- struct{}{}
		synctest.Wait()
		d.wantBatches(t, []int{1}, []int{2}, []int{3}, []int{4, 5})
		more := d.ask(t, t.Context(), 6)
		for range 2 { // the other two that are alone, or the batch
			d.through <- struct{}{}
			synctest.Wait()
		}
		close(d.through)
		answered()
		more()
		d.wantBatches(t, []int{1}, []int{2}, []int{3}, []int{4, 5}, []int{6})
		d.ask(t, t.Context(), 7)()
	})
}

// TestEveryCallIsCarriedOutOnce has many callers, some of whom leave.
func TestEveryCallIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	var done [2000]atomic.Int32
	var under atomic.Int32
	q := batch.New(batch.Config[int, int]{
		Workers: 3, Size: 7, Patience: time.Minute,
		Alone: func(_ context.Context, n int) (int, error) {
			done[n].Add(1)
			return n, nil
		},
		Together: func(calls []*batch.Call[int, int]) {
			if under.Add(1) > 3 || len(calls) > 7 {
				t.Error("too many batches, or too large a batch")
			}
			defer under.Add(-1)
			for _, c := range calls {
				done[c.In].Add(1)
				c.Out = c.In
			}
		},
	})
	var wg sync.WaitGroup
	for n := range done {
		wg.Go(func() {
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			if n%5 == 0 {
				go leave()
			}
			got, err := q.Do(ctx, n)
			if times := done[n].Load(); err == nil && (got != n || times != 1) || times > 1 {
				t.Errorf("call %d returns %d and was carried out %d times", n, got, times)
			}
		})
	}
	wg.Wait()
}
