// Package logbuffer writes the lines of a log in few, large writes. A line waits at most 100 ms. A
// full buffer delays whoever writes to it, and loses nothing.
package logbuffer

import (
	"io"
	"sync"
	"time"
)

const (
	maxWaiting = 64 << 10              // bytes of lines that wait; as many again may be under way
	maxDelay   = 50 * time.Millisecond // of a line; half of what is promised, for a busy machine
	maxEnding  = 2 * time.Second       // how long a line may be waited for while the process ends
)

// Writer is a buffer in front of a slower writer, its output. It takes whole lines, and writes them
// in the order in which it took them. One goroutine writes to the output, so that a caller can stop
// waiting for an output that takes nothing. No timer runs while the buffer is empty.
//
// A new Writer delays nothing: each call of Write returns after its line has been written. [Writer.Delay]
// and [Writer.End] change that.
type Writer struct {
	lineOutput // used by the goroutine only

	wake    chan struct{} // has an item when lines must be written now
	stopped chan struct{} // closed when the goroutine has ended
	ending  chan struct{} // closed by End

	mu       sync.Mutex
	lines    []byte        // the lines that wait
	taken    uint64        // bytes that were put into lines, ever
	handled  uint64        // bytes of taken that were written, or lost because the output failed
	moved    chan struct{} // closed when lines or handled change; nil while nobody waits for that
	timer    *time.Timer
	timed    bool // timer runs
	delays   bool // Delay was called
	ends     bool // End was called
	closed   bool
	givenUp  bool // the output has taken nothing for maxEnding while the process ends
	lost     uint64
	waitTime time.Duration // of callers that found the buffer full
}

// New returns a buffer in front of out, and starts its goroutine; Close ends it. When out has failed
// and takes lines again, the line that report returns comes first. It says how many lines were lost,
// and why.
func New(out io.Writer, report func(lines uint64, cause error) []byte) *Writer {
	w := &Writer{
		lineOutput: lineOutput{out: out, report: report},
		wake:       make(chan struct{}, 1),
		stopped:    make(chan struct{}),
		ending:     make(chan struct{}),
		lines:      make([]byte, 0, maxWaiting),
	}
	w.timer = time.AfterFunc(time.Hour, w.due)
	w.timer.Stop()
	go w.run(make([]byte, 0, maxWaiting))
	return w
}

// Delay lets lines wait from now on, each for at most 100 ms.
func (w *Writer) Delay() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delays = true
}

// End says that the process ends. From now on no line is delayed, and nobody waits for longer than two
// seconds for an output that takes nothing: lines are then lost.
func (w *Writer) End() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ends {
		return
	}
	w.ends = true
	close(w.ending)
	w.hurry()
}

// Write takes a line. It waits while the buffer is full. It returns no error.
func (w *Writer) Write(line []byte) (int, error) {
	w.put(line, false)
	return len(line), nil
}

// AtOnce returns a writer that puts lines into the same buffer, and returns after they have been
// written.
func (w *Writer) AtOnce() io.Writer { return atOnce{w} }

type atOnce struct{ w *Writer }

func (a atOnce) Write(line []byte) (int, error) {
	a.w.put(line, true)
	return len(line), nil
}

// Flush writes the lines that wait. It returns after two seconds if the output does not take them.
func (w *Writer) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flush()
}

// Close flushes, and ends the goroutine unless the output is stuck. Later lines are lost.
func (w *Writer) Close() {
	w.End()
	w.mu.Lock()
	written := w.flush()
	if !w.closed {
		w.closed = true
		w.timer.Stop()
		close(w.wake)
		w.move()
	}
	w.mu.Unlock()
	if written {
		<-w.stopped
	}
}

// Lost returns the number of lines that were lost, because the output failed or because the process
// ended.
func (w *Writer) Lost() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost
}

// Waited returns the total time that callers have waited because the buffer was full.
func (w *Writer) Waited() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.waitTime
}
