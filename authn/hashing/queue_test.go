package hashing

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func newTestQueue(workers int, memory int64) *queue {
	return &queue{Budget: Budget{Workers: workers, Memory: memory, MaxWait: 2 * time.Second}}
}

// work takes a slot for a while.
func (q *queue) work(ctx context.Context, memory int64, took time.Duration) error {
	if err := q.acquire(ctx, memory); err != nil {
		return err
	}
	time.Sleep(took)
	q.release(memory, took)
	return nil
}

// retryAfter returns the delay before a refused caller may try again; 0 if it was not refused.
func retryAfter(err error) time.Duration {
	if over, ok := errors.AsType[*Overloaded](err); ok {
		return over.RetryAfter
	}
	return 0
}

func (q *queue) wantIdle(t *testing.T) {
	t.Helper()
	if running, waiting, _ := q.state(); running != 0 || waiting != 0 || q.used != 0 {
		t.Errorf("got %d running and %d waiting with %d bytes, want none", running, waiting, q.used)
	}
}

func (q *queue) wantWithin(t *testing.T) {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running > q.Workers || q.used > q.Memory {
		t.Errorf("%d run with %d bytes", q.running, q.used)
	}
}

func TestSlotsAreGivenInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newTestQueue(2, 100)
		var order []int
		var mu sync.Mutex
		var all sync.WaitGroup
		// The third needs all of the memory. The one behind it could run sooner, but does not overtake
		// it.
		for i, memory := range []int64{50, 50, 100, 30, 80, 100} {
			all.Go(func() {
				if err := q.acquire(t.Context(), memory); err != nil {
					t.Error(err)
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				q.wantWithin(t)
				time.Sleep(time.Duration(i+1) * time.Millisecond)
				q.release(memory, 0)
			})
			synctest.Wait()
		}
		all.Wait()
		if want := []int{0, 1, 2, 3, 4, 5}; !slices.Equal(order, want) {
			t.Errorf("got %v, want %v", order, want)
		}
		q.wantIdle(t)
	})
}

func TestNobodyWaitsLongForASlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newTestQueue(1, 100)
		go q.work(t.Context(), 1, time.Hour)
		synctest.Wait()
		began := time.Now()
		err := q.acquire(t.Context(), 1) // nothing is known yet of how long it takes
		if waited := time.Since(began); waited != q.MaxWait || !errors.As(err, new(*Overloaded)) {
			t.Errorf("got %v after %s, want to be refused after %s", err, waited, q.MaxWait)
		}
		if _, waiting, _ := q.state(); waiting != 0 {
			t.Errorf("got %d waiting", waiting)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		q.wantIdle(t)

		// The queue estimates half an hour for each hash.
		go q.work(t.Context(), 1, time.Second)
		synctest.Wait()
		began = time.Now()
		err = q.acquire(t.Context(), 1)
		if waited := time.Since(began); waited != 0 || retryAfter(err) < time.Minute {
			t.Errorf("got %v after %s, want to be refused at once, for long", err, waited)
		}
		if err := q.check(); !errors.As(err, new(*Overloaded)) {
			t.Errorf("check: got %v", err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		q.wantIdle(t)
		if err := q.check(); err != nil {
			t.Errorf("check of an idle queue: %v", err)
		}
	})
}

// TestGoodputHoldsInAnOverload offers ten times the load that can be served.
func TestGoodputHoldsInAnOverload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const took, seconds = 50 * time.Millisecond, 30
		q := newTestQueue(2, 100)
		var mu sync.Mutex
		done, late := 0, 0
		var all sync.WaitGroup
		began := time.Now()
		for range 400 * seconds { // forty a second is what the two can do
			all.Go(func() {
				came := time.Now()
				err := q.work(t.Context(), 1, took)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					done++
				}
				if waited := time.Since(came); err != nil && waited > 0 {
					late++
				}
			})
			time.Sleep(time.Second / 400)
		}
		all.Wait()
		if want := int(time.Since(began) * 2 / took); done < want*98/100 {
			t.Errorf("got %d done, want %d", done, want)
		}
		if late > 100 { // of 12,000: those who came before it was known how long one takes
			t.Errorf("%d waited in vain", late)
		}
		q.wantIdle(t)
	})
}

// TestWhoGoesAwayNeitherFreesNorKeepsASlot cancels callers at every stage.
func TestWhoGoesAwayNeitherFreesNorKeepsASlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newTestQueue(2, 10)
		var all sync.WaitGroup
		for i := range 200 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%40)*time.Millisecond)
			all.Go(func() {
				defer cancel()
				if err := q.acquire(ctx, int64(i%10+1)); err != nil {
					return
				}
				q.wantWithin(t)
				time.Sleep(10 * time.Millisecond) // whether or not ctx has ended
				q.release(int64(i%10+1), 10*time.Millisecond)
			})
		}
		all.Wait()
		q.wantIdle(t)
		if err := q.acquire(t.Context(), 11); !errors.Is(err, errOutsized) {
			t.Errorf("more than there is: got %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 100 {
			if err := q.acquire(ctx, 1); !errors.Is(err, context.Canceled) {
				t.Errorf("for nobody: got %v", err)
			}
		}
		q.wantIdle(t)
	})
}
