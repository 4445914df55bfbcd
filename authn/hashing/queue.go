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

// Budget bounds what hashing passwords may take of a process.
type Budget struct {
	Workers int           // hashes at once; 0 for as many as there are CPUs to run on
	Memory  int64         // bytes that they work with at once; 0 for what the workers need at the configured cost
	MaxWait time.Duration // how long one may wait for its turn; 0 for 2 s
}

const defaultMaxWait = 2 * time.Second

// queue admits hashes within a budget, first come first served. Whoever would wait
// too long is refused at once, going by how long the hashes before took, so that an
// overload costs those who are refused nothing, and those who are served no time.
type queue struct {
	Budget
	mu      sync.Mutex
	running int
	used    int64         // bytes
	waiting list.List     // of *turn
	mean    time.Duration // that a hash takes, of late
}

// turn is a place in the queue.
type turn struct {
	memory   int64
	admitted chan struct{} // closed when it has come
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

var errOutsized = errors.New("a hash needs more memory than the budget for all")

// check refuses whoever would have to wait too long, and takes no place.
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
	if wait <= q.MaxWait/10*9 { // the rest is for estimates that prove wrong
		return nil
	}
	return tooLong(wait)
}

// acquire waits for a turn to work with so many bytes. It fails when the wait is or
// would be too long, or ctx ends; then there is nothing to release.
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
	t := &turn{memory, make(chan struct{})}
	place := q.waiting.PushBack(t)
	q.mu.Unlock()
	return q.await(ctx, t, place)
}

func (q *queue) await(ctx context.Context, t *turn, place *list.Element) error {
	timeout := time.NewTimer(q.MaxWait)
	defer timeout.Stop()
	var err error
	select {
	case <-t.admitted:
	case <-ctx.Done():
		err = ctx.Err()
	case <-timeout.C:
		err = tooLong(q.MaxWait)
	}
	if err == nil {
		if err = ctx.Err(); err != nil { // both came
			q.release(t.memory, 0)
		}
		return err
	}
	q.mu.Lock()
	select {
	case <-t.admitted: // meanwhile
		q.mu.Unlock()
		q.release(t.memory, 0)
		return err
	default:
	}
	q.waiting.Remove(place)
	q.admit() // a large one that left may have kept small ones waiting
	q.mu.Unlock()
	return err
}

// release gives a turn back; took is how long the work was, 0 when there was none.
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

// admit lets in whoever is first, while there is room.
func (q *queue) admit() {
	for first := q.waiting.Front(); first != nil; first = q.waiting.Front() {
		t := first.Value.(*turn)
		if !q.fits(t.memory) {
			return
		}
		q.waiting.Remove(first)
		q.take(t.memory)
		close(t.admitted)
	}
}

func (q *queue) fits(memory int64) bool {
	return q.running < q.Workers && memory <= q.Memory-q.used
}

func (q *queue) take(memory int64) {
	q.running++
	q.used += memory
}

// state returns how many run and wait, and what those that run work with.
func (q *queue) state() (running, waiting int, memory int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running, q.waiting.Len(), q.used
}
