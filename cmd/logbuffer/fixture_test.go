package logbuffer_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/authctl/authctl/cmd/logbuffer"
)

// output is an output that may be stuck, or fail.
type output struct {
	mu     sync.Mutex
	writes [][]byte
	room   int           // bytes that it still takes, if it is not negative
	stuck  chan struct{} // until it is closed, no write returns; nil for an output that is not stuck
}

var errNoRoom = errors.New("no room")

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	stuck := o.stuck
	o.mu.Unlock()
	if stuck != nil {
		<-stuck
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.room >= 0 && len(b) > o.room {
		n := o.room
		o.writes = append(o.writes, bytes.Clone(b[:n]))
		o.room = 0
		return n, errNoRoom
	}
	if o.room >= 0 {
		o.room -= len(b)
	}
	o.writes = append(o.writes, bytes.Clone(b))
	return len(b), nil
}

func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(bytes.Join(o.writes, nil))
}

func (o *output) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.writes)
}

func (o *output) takes(room int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.room = room
}

// onto returns a buffer in front of o, which the test closes.
func onto(t *testing.T, o *output) *logbuffer.Writer {
	t.Helper()
	w := logbuffer.New(o, func(lines uint64, cause error) []byte { return fmt.Appendf(nil, "%d lost: %v\n", lines, cause) })
	t.Cleanup(w.Close)
	return w
}

// numbered returns lines with a number each, of n bytes with their line feed.
func numbered(count, n int) (lines []string) {
	for i := range count {
		line := fmt.Sprintf("line %d ", i)
		lines = append(lines, line+strings.Repeat("x", n-len(line)-1)+"\n")
	}
	return lines
}
