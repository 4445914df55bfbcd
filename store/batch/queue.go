// Package batch carries out calls that arrive at the same time together: in one statement, or in
// one transaction.
//
// Batching is natural. A call that finds a free worker is carried out at once and alone. Calls that
// find none wait, and the next free worker carries out all of them. No timer makes a call wait for
// others. So an idle queue adds nothing, and a busy one has larger batches.
package batch

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// ErrPatience is the error of a call that no worker has taken up within [Config.Patience]. It was
// not carried out.
var ErrPatience = errors.New("waited too long for others")

// Config says how a [Queue] carries out its calls.
type Config[In, Out any] struct {
	Workers  int           // max batches under way at the same time, without the slow ones; at least 1
	Singles  int           // max calls under way alone at the same time, while no batch of several is; Workers if it is less
	Size     int           // max calls in a batch, at least 1
	Patience time.Duration // max time that a call waits for a worker; 0 for as long as its context allows

	// Slow is after which time a batch that is under way no longer counts among Workers, so that those
	// that wait need not wait for it; 0 for never. It needs a Patience.
	Slow time.Duration
	Most int // max batches under way at the same time, with the slow ones; Workers if it is less

	// Alone carries out a call that did not wait, in the caller's goroutine.
	Alone func(ctx context.Context, in In) (Out, error)

	// Together carries out calls that waited, in the order of their arrival, and sets Out and Err of
	// each. It runs in a goroutine of its own. No caller's context ends the batch.
	Together func(calls []*Call[In, Out])
}

// Call is a call that waited.
type Call[In, Out any] struct {
	Context context.Context // the caller's; it may end at any time, and then nobody reads the result
	In      In
	Out     Out
	Err     error

	queued   time.Time
	done     chan struct{}
	panicked string // what to panic with in the caller's goroutine; "" for nothing
}

// Queue is a queue of calls. It is safe for concurrent use.
type Queue[In, Out any] struct {
	config Config[In, Out]

	mu      sync.Mutex
	workers []worker
	waiting []*Call[In, Out]
	stats   Stats
}

// worker carries out one batch after the other.
type worker struct {
	since time.Time // when it took up its batch; zero while it is free
	calls int       // of its batch
}

// Stats are figures since the start.
type Stats struct {
	Size    Histogram // calls in a batch; 1 for those that did not wait
	Wait    Histogram // seconds until a worker took a call up, or its caller gave up
	Waiting int       // calls that wait for a worker now
}

// New returns a Queue.
func New[In, Out any](c Config[In, Out]) *Queue[In, Out] {
	return &Queue[In, Out]{config: c, workers: make([]worker, max(c.Workers, c.Singles, c.Most)), stats: Stats{
		Size: newHistogram(1, 2, 4, 8, 16, 32, 64, 128, 256),
		Wait: newHistogram(.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5),
	}}
}

// Do carries out one call, and returns its result. When ctx ends, Do returns the context's error at
// once: a call that still waits is then not carried out, one that a worker has taken up is, and its
// result is lost.
func (q *Queue[In, Out]) Do(ctx context.Context, in In) (out Out, err error) {
	c, worker := q.enter(ctx, in)
	if c == nil {
		defer func() {
			if batch := q.next(worker); batch != nil {
				go q.work(worker, batch)
			}
		}()
		return q.config.Alone(ctx, in)
	}
	timer := &time.Timer{}
	if q.config.Patience > 0 {
		timer = time.NewTimer(q.pause(c))
		defer timer.Stop()
	}
	for {
		select {
		case <-c.done:
			return c.result()
		case <-timer.C:
			if pause := q.pause(c); pause > 0 {
				q.relieve()
				timer.Reset(pause)
			} else if q.withdraw(c) {
				return out, ErrPatience
			}
		case <-ctx.Done():
			q.withdraw(c)
			select {
			case <-c.done:
				return c.result()
			default:
				return out, ctx.Err()
			}
		}
	}
}

// pause returns when a call that waits must act again; 0 when its patience is over.
func (q *Queue[In, Out]) pause(c *Call[In, Out]) time.Duration {
	left := max(0, q.config.Patience-time.Since(c.queued))
	if q.config.Slow > 0 {
		return min(left, q.config.Slow)
	}
	return left
}

// enter takes a free worker and returns its number, or returns the call that waits for one.
func (q *Queue[In, Out]) enter(ctx context.Context, in In) (c *Call[In, Out], number int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	if len(q.waiting) == 0 {
		if free := q.free(now); free >= 0 {
			q.workers[free] = worker{now, 1}
			q.stats.Size.observe(1)
			q.stats.Wait.observe(0)
			return nil, free
		}
	}
	c = &Call[In, Out]{Context: ctx, In: in, queued: now, done: make(chan struct{})}
	q.waiting = append(q.waiting, c)
	return c, -1
}

// free returns the number of a worker that may take up a batch; -1 for none.
func (q *Queue[In, Out]) free(now time.Time) (free int) {
	free, singles, batches := -1, 0, 0
	for i, w := range q.workers {
		switch {
		case w.since.IsZero():
			free = i
		case q.config.Slow > 0 && now.Sub(w.since) >= q.config.Slow:
		case w.calls == 1:
			singles++
		default:
			batches++
		}
	}
	if singles+batches < q.config.Workers || (batches == 0 && singles < q.config.Singles) {
		return free
	}
	return -1
}

// relieve lets another worker take up what waits if those that are busy are slow.
func (q *Queue[In, Out]) relieve() {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	if worker := q.free(now); worker >= 0 && len(q.waiting) > 0 {
		go q.work(worker, q.take(worker, now))
	}
}

// withdraw removes a call that no worker has taken up, and reports whether there was one.
func (q *Queue[In, Out]) withdraw(c *Call[In, Out]) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, c)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.stats.Wait.observe(time.Since(c.queued).Seconds())
	return true
}

// next returns the next batch of a worker that has finished one. It returns nil, and the worker is
// free, if nothing waits, or others have replaced the worker because it was slow.
func (q *Queue[In, Out]) next(worker int) (batch []*Call[In, Out]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.workers[worker].since = time.Time{}
	if len(q.waiting) == 0 || q.free(now) < 0 {
		return nil
	}
	return q.take(worker, now)
}

// take removes the next batch from those that wait, for a worker.
func (q *Queue[In, Out]) take(number int, now time.Time) (batch []*Call[In, Out]) {
	n := min(len(q.waiting), q.config.Size)
	batch = slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	for _, c := range batch {
		q.stats.Wait.observe(now.Sub(c.queued).Seconds())
	}
	q.stats.Size.observe(float64(len(batch)))
	q.workers[number] = worker{now, len(batch)}
	return batch
}

// work carries out batches until the worker is free.
func (q *Queue[In, Out]) work(worker int, batch []*Call[In, Out]) {
	for ; batch != nil; batch = q.next(worker) {
		q.together(batch)
	}
}

// together carries out one batch and answers its callers. A panic is theirs.
func (q *Queue[In, Out]) together(batch []*Call[In, Out]) {
	defer func() {
		if value := recover(); value != nil {
			for _, c := range batch {
				c.panicked = fmt.Sprintf("%v\n\n%s", value, debug.Stack())
			}
		}
		for _, c := range batch {
			close(c.done)
		}
	}()
	q.config.Together(batch)
}

func (c *Call[In, Out]) result() (Out, error) {
	if c.panicked != "" {
		panic(c.panicked)
	}
	return c.Out, c.Err
}

// Stats returns the figures since the start.
func (q *Queue[In, Out]) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return Stats{Size: q.stats.Size.clone(), Wait: q.stats.Wait.clone(), Waiting: len(q.waiting)}
}
