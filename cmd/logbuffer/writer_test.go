package logbuffer_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authctl/authctl/cmd/logbuffer"
)

func TestALineIsWrittenWithin100Milliseconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &output{room: -1}
		w := onto(t, out)
		w.Delay()
		for _, line := range numbered(10, 80) {
			w.Write([]byte(line))
			time.Sleep(3 * time.Millisecond)
		}
		synctest.Wait()
		if n := out.count(); n != 0 {
			t.Errorf("there are %d writes after 30 ms, want none: the lines wait for each other", n)
		}
		time.Sleep(70 * time.Millisecond)
		synctest.Wait()
		if n := out.count(); n != 1 || out.text() != strings.Join(numbered(10, 80), "") {
			t.Errorf("after 100 ms there are %d writes, of %q, want one of all lines", n, out.text())
		}
		if w.Timed() {
			t.Error("a timer runs for an empty buffer")
		}
	})
}

func TestALineWithoutDelayTakesTheWaitingLinesAlong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &output{room: -1}
		w := onto(t, out)
		w.Delay()
		w.Write([]byte("first\n"))
		w.AtOnce().Write([]byte("second\n"))
		if got := out.text(); got != "first\nsecond\n" {
			t.Errorf("the output has %q when AtOnce returns, want both lines", got)
		}
		if w.Timed() {
			t.Error("a timer runs for an empty buffer")
		}
	})
}

func TestNothingIsDelayedAtTheStartAndAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &output{room: -1}
		w := onto(t, out)
		w.Write([]byte("starting\n"))
		if got := out.text(); got != "starting\n" {
			t.Errorf("before Delay the output has %q", got)
		}
		w.Delay()
		w.Write([]byte("a request\n"))
		w.End()
		w.Write([]byte("stopping\n"))
		if got := out.text(); got != "starting\na request\nstopping\n" {
			t.Errorf("after End the output has %q", got)
		}
		w.Delay() // a server that is told to stop while it starts
		w.Write([]byte("stopped\n"))
		if got := out.text(); !strings.HasSuffix(got, "stopping\nstopped\n") {
			t.Errorf("after End and Delay the output has %q", got)
		}
	})
}

func TestAFullBufferBlocksAndLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &output{room: -1, stuck: make(chan struct{})}
		w := onto(t, out)
		w.Delay()
		lines := numbered(4*logbuffer.MaxWaiting/100, 100)
		put := 0
		done := make(chan struct{})
		go func() {
			for _, line := range lines {
				w.Write([]byte(line))
				put++
			}
			close(done)
		}()
		synctest.Wait() // the writer is blocked, or done
		if most := 2 * logbuffer.MaxWaiting / 100; put > most || put == 0 {
			t.Errorf("%d lines were taken while the output takes none, want at most %d", put, most)
		}
		time.Sleep(time.Hour)
		select {
		case <-done:
			t.Fatal("the writer did not block")
		default:
		}
		close(out.stuck)
		<-done
		w.Flush()
		if out.text() != strings.Join(lines, "") || w.Lost() != 0 {
			t.Errorf("the output does not have every line in order; %d are lost", w.Lost())
		}
		if got := w.Waited(); got != time.Hour {
			t.Errorf("Waited returns %s, want an hour", got)
		}
	})
}

func TestLinesOfManyWritersAreWholeAndInOrder(t *testing.T) {
	t.Parallel()
	out := &output{room: -1}
	w := onto(t, out)
	w.Delay()
	const writers, each = 16, 500
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			for i := range each {
				line := []byte(fmt.Sprintf("%d %d %s\n", writer, i, strings.Repeat("x", i%600)))
				if i%100 == 99 {
					w.AtOnce().Write(line)
					continue
				}
				w.Write(line)
			}
		})
	}
	all.Wait()
	w.Close()
	next := map[int]int{}
	for line := range strings.Lines(out.text()) {
		var writer, i int
		var rest string
		if _, err := fmt.Sscanf(line, "%d %d %s\n", &writer, &i, &rest); (err != nil && i%600 != 0) || len(rest) != i%600 || next[writer] != i {
			t.Fatalf("the line %q is torn, or not in order", line)
		}
		next[writer]++
	}
	for writer := range writers {
		if next[writer] != each {
			t.Errorf("writer %d has %d lines, want %d", writer, next[writer], each)
		}
	}
	for _, write := range out.writes {
		if len(write) > logbuffer.MaxWrite || write[len(write)-1] != '\n' {
			t.Fatalf("a write has %d bytes and ends with %q, want whole lines of at most %d bytes", len(write), write[len(write)-1], logbuffer.MaxWrite)
		}
	}
}

func TestALineLargerThanTheBufferIsWritten(t *testing.T) {
	t.Parallel()
	out := &output{room: -1}
	w := onto(t, out)
	w.Delay()
	large := strings.Repeat("x", 2*logbuffer.MaxWaiting) + "\n"
	for _, line := range []string{"before\n", large, "after\n"} {
		w.Write([]byte(line))
	}
	w.Close()
	if got := out.text(); got != "before\n"+large+"after\n" {
		t.Errorf("the output has %d bytes, want %d", len(got), len(large)+13)
	}
}
