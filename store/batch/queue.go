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
	Workers  int           // max batches under way at the same time, at least 1
	Size     int           // max calls in a batch, at least 1
	Patience time.Duration // max time that a call waits for a worker; 0 for as long as its context allows

	// Alone carries out a call that did not wait, in the caller's goroutine.
	Alone func(ctx context.Context, in In) (Out, error)

	// Together carries out calls that waited, in the order of their arrival, and sets Out and Err of
	// each. It runs in a goroutine of its own. No caller's context ends the batch.
	Together func(calls []*Call[In, Out])

	// Apart reports whether two calls must not be in one batch; nil for never.
	Apart func(a, b In) bool
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
	workers int // busy; less than the max only if nothing waits
	waiting []*Call[In, Out]
	stats   Stats
}

// Stats are figures since the start.
type Stats struct {
	Size    Histogram // calls in a batch; 1 for those that did not wait
	Wait    Histogram // seconds until a worker took a call up
	Waiting int       // calls that wait for a worker now
}

// New returns a Queue.
func New[In, Out any](c Config[In, Out]) *Queue[In, Out] {
	return &Queue[In, Out]{config: c, stats: Stats{
		Size: newHistogram(1, 2, 4, 8, 16, 32, 64, 128, 256),
		Wait: newHistogram(.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5),
	}}
}

// Do carries out one call, and returns its result. When ctx ends, Do returns the context's error at
// once: a call that still waits is then not carried out, one that a worker has taken up is, and its
// result is lost.
func (q *Queue[In, Out]) Do(ctx context.Context, in In) (out Out, err error) {
	c := q.enter(ctx, in)
	if c == nil {
		defer func() {
			if batch := q.next(); batch != nil {
				go q.work(batch)
			}
		}()
		return q.config.Alone(ctx, in)
	}
	var patience <-chan time.Time
	if q.config.Patience > 0 {
		timer := time.NewTimer(q.config.Patience)
		defer timer.Stop()
		patience = timer.C
	}
	for {
		select {
		case <-c.done:
			return c.result()
		case <-patience:
			if q.withdraw(c) {
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

// enter takes a free worker and returns nil, or returns the call that waits for one.
func (q *Queue[In, Out]) enter(ctx context.Context, in In) *Call[In, Out] {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.workers < q.config.Workers {
		q.workers++
		q.stats.Size.observe(1)
		q.stats.Wait.observe(0)
		return nil
	}
	c := &Call[In, Out]{Context: ctx, In: in, queued: time.Now(), done: make(chan struct{})}
	q.waiting = append(q.waiting, c)
	return c
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
	return true
}

// next returns the next batch of a worker that has finished one. If nothing waits it returns nil,
// and the worker is free.
func (q *Queue[In, Out]) next() (batch []*Call[In, Out]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.workers--
		return nil
	}
	now := time.Now()
	left := q.waiting[:0]
	for _, c := range q.waiting {
		if len(batch) == q.config.Size || q.apart(batch, c) {
			left = append(left, c)
			continue
		}
		batch = append(batch, c)
		q.stats.Wait.observe(now.Sub(c.queued).Seconds())
	}
	clear(q.waiting[len(left):])
	q.waiting = left
	q.stats.Size.observe(float64(len(batch)))
	return batch
}

func (q *Queue[In, Out]) apart(batch []*Call[In, Out], c *Call[In, Out]) bool {
	return q.config.Apart != nil && slices.ContainsFunc(batch, func(other *Call[In, Out]) bool { return q.config.Apart(other.In, c.In) })
}

// work carries out batches until nothing waits.
func (q *Queue[In, Out]) work(batch []*Call[In, Out]) {
	for ; batch != nil; batch = q.next() {
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
