package cmd

import (
	"bytes"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/authctl/authctl/cmd/config"
)

// delayedLog starts the log of a server that delays lines, and returns what it has written so far.
func delayedLog(t *testing.T, format string) (*app, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	a := &app{err: &out}
	var cfg config.Loaded
	cfg.Log.Level, cfg.Log.Format = "info", format
	a.startLog(t.Context(), cfg)
	t.Cleanup(a.log.close)
	a.log.lines.Delay()
	return a, &out
}

func TestAPanicOfATaskFlushesTheLog(t *testing.T) {
	t.Parallel()
	a, out := delayedLog(t, "json")
	a.log.Info().Msg("the last request")
	func() {
		defer func() { recover() }() // in place of the end of the process
		a.log.guarding(func() { panic("a bug") })()
	}()
	if !strings.Contains(out.String(), "the last request") {
		t.Errorf("the log has %q, want the line from before the panic", out)
	}
}

func TestMessagesKeepTheirPlaceAmongTheLines(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "console"} {
		a, out := delayedLog(t, format)
		a.log.Info().Msg("first")
		a.say("second")
		a.log.Info().Msg("third")
		a.log.always.Info().Msg("fourth")
		a.log.Info().Msg("fifth")
		a.log.Warn().Msg("sixth")
		at := -1
		for _, message := range []string{"first", "second", "third", "fourth", "fifth", "sixth"} {
			next := strings.Index(out.String(), message)
			if next <= at {
				t.Errorf("%s: %q is not in its place in %q", format, message, out)
			}
			at = next
		}
	}
}

func TestTheLogSaysThatLinesWereLost(t *testing.T) {
	t.Parallel()
	a, out := delayedLog(t, "json")
	line := string(lostLines(func(to io.Writer) io.Writer { return escaping{to} }, 3, syscall.ENOSPC))
	for _, want := range []string{`"level":"warn"`, `"lines":3`, `"cause":"no space left on device"`, "lost"} {
		if !strings.Contains(line, want) || strings.Count(line, "\n") != 1 {
			t.Errorf("the line %q lacks %s", line, want)
		}
	}
	a.log.close()
	if out.Len() != 0 {
		t.Errorf("a log that lost nothing says %q", out)
	}
}

// TestOnlyPrintableASCIIIsPlain has each byte at each place of a text of up to three words.
func TestOnlyPrintableASCIIIsPlain(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 24; n++ {
		for at := range n {
			for c := range 256 {
				text := bytes.Repeat([]byte{'~'}, n)
				text[at] = byte(c)
				if got, want := isPlain(text), c >= ' ' && c < 0x7f; got != want {
					t.Fatalf("isPlain(%q) is %t, want %t", text, got, want)
				}
			}
		}
	}
}
