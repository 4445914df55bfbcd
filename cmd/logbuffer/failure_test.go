package logbuffer_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/authctl/authctl/cmd/logbuffer"
)

func TestAnOutputThatIsStuckDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &output{room: -1, stuck: make(chan struct{})}
		w := onto(t, out)
		w.Delay()
		released := make(chan time.Duration)
		begin := time.Now()
		go func() { // a request that waits for room, as requests do while nobody reads the log
			for _, line := range numbered(4*logbuffer.MaxWaiting/100, 100) {
				w.Write([]byte(line))
			}
			released <- time.Since(begin)
		}()
		time.Sleep(time.Hour)
		w.End()
		w.AtOnce().Write([]byte("draining\n"))
		w.AtOnce().Write([]byte("stopped\n"))
		w.Close()
		if took := time.Since(begin) - time.Hour; took > 2*logbuffer.MaxEnding {
			t.Errorf("the end takes %s, want at most %s", took, 2*logbuffer.MaxEnding)
		}
		if took := <-released - time.Hour; took > 2*logbuffer.MaxEnding {
			t.Errorf("the request waits for %s after End, want at most %s", took, 2*logbuffer.MaxEnding)
		}
		if w.Lost() == 0 {
			t.Error("Lost returns 0")
		}
		close(out.stuck)
	})
}

func TestAFlushOfACrashDoesNotWaitForAStuckOutput(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &output{room: -1, stuck: make(chan struct{})}
		w := onto(t, out)
		w.Delay()
		w.Write([]byte("a request\n"))
		begin := time.Now()
		w.Flush()
		if took := time.Since(begin); took != logbuffer.MaxEnding {
			t.Errorf("Flush takes %s, want %s", took, logbuffer.MaxEnding)
		}
		close(out.stuck)
		w.Flush()
		if got := out.text(); got != "a request\n" || w.Lost() != 0 {
			t.Errorf("the output has %q, and %d lines are lost", got, w.Lost())
		}
	})
}

func TestAnOutputThatFailsIsReportedWhenItTakesLinesAgain(t *testing.T) {
	t.Parallel()
	out := &output{room: 10}
	w := onto(t, out)
	for _, line := range []string{"one\n", "two, which is cut\n", "three\n", "four\n"} {
		w.Write([]byte(line))
	}
	if got := out.text(); got != "one\ntwo, w" {
		t.Errorf("the full output has %q", got)
	}
	if got := w.Lost(); got != 2 {
		t.Errorf("%d lines are lost, want 2", got)
	}
	out.takes(15) // the rest of the cut line, and a part of the report
	w.Write([]byte("five\n"))
	out.takes(-1)
	w.Write([]byte("six\n"))
	w.Write([]byte("seven\n"))
	const want = "one\ntwo, which is cut\n2 lost: no room\n1 lost: no room\nsix\nseven\n"
	if got := out.text(); got != want {
		t.Errorf("the output has %q, want %q", got, want)
	}
	if got := w.Lost(); got != 3 {
		t.Errorf("%d lines are lost, want 3", got)
	}
}
