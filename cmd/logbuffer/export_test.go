package logbuffer

// Timed reports whether a timer runs.
func (w *Writer) Timed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.timed
}

// The limits.
const (
	MaxWaiting = maxWaiting
	MaxWrite   = maxWrite
	MaxEnding  = maxEnding
)
