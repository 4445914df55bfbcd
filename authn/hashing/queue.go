package hashing

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
)

// Budget is how much memory and time password hashing may take of a process.
type Budget struct {
	Workers int           // hashes at once; 0 for as many as there are CPUs to run on
	Memory  int64         // bytes of working memory of all of them; 0 for what the workers need at the configured cost
	MaxWait time.Duration // in the queue; 0 for 2 s
}

const defaultMaxWait = 2 * time.Second

// queue admits hashes within a budget, first come first served. It estimates a new caller's wait from how
// long recent hashes took, and refuses at once a caller that would wait too long. So in an overload
// no caller waits in vain, and refusals take no time from those who are served.
type queue struct {
	Budget
	mu      sync.Mutex
	running int
	used    int64         // bytes
	waiting list.List     // of *waiter
	mean    time.Duration // moving average of how long a hash takes; 0 while that is not known
}

// waiter is a caller in the queue.
type waiter struct {
	memory   int64
	admitted chan struct{} // closed when the caller has a slot
}

// Overloaded is the error of a caller that gets no queue slot: the wait is or would be too
// long, or the caller's context ended in the queue.
type Overloaded struct {
	RetryAfter time.Duration // when trying again may help, in whole seconds

	wait time.Duration // that was expected
	err  error         // of the context that ended; nil when the wait was too long
}

func tooLong(wait time.Duration) *Overloaded {
	return &Overloaded{RetryAfter: time.Duration(math.Ceil(wait.Seconds())) * time.Second, wait: wait}
}

// Error says why there is no slot.
func (e *Overloaded) Error() string {
	if e.err != nil {
		return "no slot to hash a password: " + e.err.Error()
	}
	return fmt.Sprintf("no slot to hash a password within the maximum wait: %s to go", e.wait.Round(time.Millisecond))
}

// Unwrap returns the error of the context that ended, or nil.
func (e *Overloaded) Unwrap() error { return e.err }

var errOutsized = errors.New("a hash needs more memory than the whole budget")

// check returns [*Overloaded] when a new caller would wait too long. It takes no slot.
func (q *queue) check() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.refusal()
}

// refusal estimates the wait of one more caller, and returns [*Overloaded] when it is too long.
func (q *queue) refusal() error {
	if q.waiting.Len() == 0 && q.running < q.Workers {
		return nil
	}
	wait := q.mean * time.Duration(q.waiting.Len()+1) / time.Duration(max(q.running, 1))
	if wait <= q.MaxWait/10*9 { // a tenth is kept for estimates that are too low
		return nil
	}
	return tooLong(wait)
}

// acquire waits for a slot with so many bytes of memory. It fails with [*Overloaded] when the wait is or would
// be too long, with ctx's error when that ends, and with errOutsized when the budget is too small. After an
// error there is nothing to release.
func (q *queue) acquire(ctx context.Context, memory int64) error {
	if memory > q.Memory {
		return errOutsized
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	if q.waiting.Len() == 0 && q.fits(memory) {
		q.take(memory)
		q.mu.Unlock()
		return nil
	}
	if err := q.refusal(); err != nil {
		q.mu.Unlock()
		return err
	}
	w := &waiter{memory, make(chan struct{})}
	e := q.waiting.PushBack(w)
	q.mu.Unlock()
	return q.awaitSlot(ctx, w, e)
}

func (q *queue) awaitSlot(ctx context.Context, w *waiter, e *list.Element) error {
	timeout := time.NewTimer(q.MaxWait)
	defer timeout.Stop()
	var err error
	select {
	case <-w.admitted:
	case <-ctx.Done():
		err = ctx.Err()
	case <-timeout.C:
		err = tooLong(q.MaxWait)
	}
	if err == nil {
		if err = ctx.Err(); err != nil { // it ended as the slot came
			q.release(w.memory, 0)
		}
		return err
	}
	q.mu.Lock()
	select {
	case <-w.admitted: // after ctx or the time ended
		q.mu.Unlock()
		q.release(w.memory, 0)
		return err
	default:
	}
	q.waiting.Remove(e)
	q.admit() // a large hash at the front may have blocked small ones
	q.mu.Unlock()
	return err
}

// release frees a slot. took is how long the work took; 0 when it says nothing about other hashes.
func (q *queue) release(memory int64, took time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
	q.used -= memory
	switch {
	case took <= 0:
	case q.mean == 0:
		q.mean = took
	default:
		q.mean += (took - q.mean) / 8
	}
	q.admit()
}

// admit gives slots to the first in the queue, while there is room.
func (q *queue) admit() {
	for first := q.waiting.Front(); first != nil; first = q.waiting.Front() {
		w := first.Value.(*waiter)
		if !q.fits(w.memory) {
			return
		}
		q.waiting.Remove(first)
		q.take(w.memory)
		close(w.admitted)
	}
}

func (q *queue) fits(memory int64) bool {
	return q.running < q.Workers && memory <= q.Memory-q.used
}

func (q *queue) take(memory int64) {
	q.running++
	q.used += memory
}

// state returns how many hashes run and wait, and the bytes of memory in use.
func (q *queue) state() (running, waiting int, memory int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running, q.waiting.Len(), q.used
}
