package logbuffer

import (
	"bytes"
	"time"
)

// put appends a line. If the line may not be delayed, put returns after it has been written.
func (w *Writer) put(line []byte, atOnce bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.hasRoom(len(line)) && !w.awaitRoom(len(line)) || w.closed {
		w.lost += lineCount(line)
		return
	}
	w.lines = append(w.lines, line...)
	w.taken += uint64(len(line))
	switch {
	case atOnce || !w.delays || w.ends:
		mark := w.taken
		w.hurry()
		w.await(false, func() bool { return w.handled >= mark })
	case len(w.lines) >= maxWaiting/2:
		w.hurry()
	case !w.timed:
		w.timed = true
		w.timer.Reset(maxDelay)
	}
}

// hasRoom reports whether n more bytes fit. A line that is larger than the buffer fits an empty one.
func (w *Writer) hasRoom(n int) bool { return len(w.lines) == 0 || len(w.lines)+n <= maxWaiting }

func (w *Writer) awaitRoom(n int) bool {
	began := time.Now()
	defer func() { w.waitTime += time.Since(began) }()
	w.hurry()
	return w.await(false, func() bool { return w.hasRoom(n) })
}

// flush has the waiting lines written, and waits for that. It reports whether they were handled in time.
func (w *Writer) flush() bool {
	mark := w.taken
	w.hurry()
	return w.await(true, func() bool { return w.handled >= mark })
}

// await waits until reached returns true, and reports whether it did. If bounded, or as soon as the
// process ends, it gives up after maxEnding. Then nobody waits any more, until the output has taken
// something. The mutex must be locked; it is unlocked meanwhile.
func (w *Writer) await(bounded bool, reached func() bool) bool {
	var limit <-chan time.Time
	for !reached() {
		if w.closed || w.givenUp {
			return false
		}
		ending := w.ending
		if w.ends {
			bounded, ending = true, nil
		}
		if bounded && limit == nil {
			timer := time.NewTimer(maxEnding)
			defer timer.Stop()
			limit = timer.C
		}
		if w.moved == nil {
			w.moved = make(chan struct{})
		}
		moved, late := w.moved, false
		w.mu.Unlock()
		select {
		case <-moved:
		case <-ending:
		case <-limit:
			late = true
		}
		w.mu.Lock()
		if late && !reached() {
			if w.ends {
				w.givenUp = true
				w.move()
			}
			return false
		}
	}
	return true
}

// move wakes everybody who waits.
func (w *Writer) move() {
	if w.moved != nil {
		close(w.moved)
		w.moved = nil
	}
}

// hurry has the waiting lines written now.
func (w *Writer) hurry() {
	if w.closed {
		return
	}
	select {
	case w.wake <- struct{}{}:
	default: // it is known already
	}
}

// due is called by the timer.
func (w *Writer) due() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timed = false
	w.hurry()
}

// run writes lines whenever that is due, until Close. spare is the second buffer.
func (w *Writer) run(spare []byte) {
	defer close(w.stopped)
	for range w.wake {
		w.mu.Lock()
		batch := w.lines
		w.lines = spare[:0]
		if w.timed {
			w.timed = false
			w.timer.Stop()
		}
		w.move() // there is room
		w.mu.Unlock()

		lost := w.write(batch)

		w.mu.Lock()
		w.handled += uint64(len(batch))
		w.lost += lost
		w.givenUp = false
		w.move()
		w.mu.Unlock()
		spare = batch
	}
}

func lineCount(lines []byte) uint64 { return uint64(bytes.Count(lines, []byte{'\n'})) }
