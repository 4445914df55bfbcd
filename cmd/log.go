package cmd

import (
	"bytes"
	"context"
	"errors"
	"io"
	stdlog "log"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/cmd/logbuffer"
	"github.com/authctl/authctl/server"
)

// levelGate is the lowest level that is logged. It may change while the server runs.
type levelGate struct{ least atomic.Int32 }

// Sample implements zerolog.Sampler.
func (g *levelGate) Sample(level zerolog.Level) bool { return int32(level) >= g.least.Load() }

func (g *levelGate) set(name string) {
	level, _ := zerolog.ParseLevel(name) // validated
	g.least.Store(int32(level))
}

// serverLog is the log of a server on standard error.
type serverLog struct {
	zerolog.Logger                // omits messages below log.level
	always         zerolog.Logger // omits nothing and delays nothing; for the start and the end of the process
	gate           *levelGate
	lines          *logbuffer.Writer
	json           bool // one JSON object a line, and no other output
}

// startLog opens the log of a server: text on a terminal or in development, else JSON. A JSON log
// has every later message of the process, including its end. From now on everything that is written to
// a.err goes through the log's buffer, so that it keeps its place among the lines. When ctx ends, the
// log delays nothing any more.
func (a *app) startLog(ctx context.Context, cfg config.Loaded) {
	gate := &levelGate{}
	gate.set(cfg.Log.Level)
	_, onTerminal := terminal(a.err)
	console := cfg.Log.Console() || (!cfg.Log.JSON() && (onTerminal || cfg.Development()))
	format := func(to io.Writer) io.Writer { return escaping{to} }
	if console {
		format = func(to io.Writer) io.Writer {
			return zerolog.ConsoleWriter{Out: to, TimeFormat: time.TimeOnly, NoColor: !onTerminal}
		}
	}
	lines := logbuffer.New(a.err, func(lost uint64, cause error) []byte { return lostLines(format, lost, cause) })
	context.AfterFunc(ctx, lines.End)
	atOnce := format(lines.AtOnce())
	clock := &stamp{}
	log := zerolog.New(urgency{Writer: format(lines), atOnce: atOnce}).Hook(clock)
	a.log = &serverLog{
		Logger: log.Sample(gate), always: zerolog.New(atOnce).Hook(clock),
		gate: gate, lines: lines, json: !console,
	}
	if a.err == os.Stderr { // what libraries say by Go's own logger
		stdlog.SetFlags(0)
		stdlog.SetOutput(libraryLog{a.log.Logger})
		signal.Ignore(syscall.SIGPIPE) // the server outlives the reader of its log
	}
	a.err = lines.AtOnce()
}

// urgency is a writer of lines that may be delayed if their level is below warn.
type urgency struct {
	io.Writer
	atOnce io.Writer
}

// WriteLevel implements zerolog.LevelWriter.
func (u urgency) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	if level >= zerolog.WarnLevel {
		return u.atOnce.Write(line)
	}
	return u.Write(line)
}

// stamp adds the time to each line, in seconds (RFC 3339). It formats each second once.
type stamp struct{ last atomic.Pointer[second] }

type second struct {
	unix int64
	text []byte // JSON
}

// Run implements zerolog.Hook.
func (s *stamp) Run(line *zerolog.Event, _ zerolog.Level, _ string) {
	now := time.Now()
	last := s.last.Load()
	if last == nil || last.unix != now.Unix() {
		last = &second{now.Unix(), now.AppendFormat(nil, `"`+time.RFC3339+`"`)}
		s.last.Store(last)
	}
	line.RawJSON(zerolog.TimestampFieldName, last.text)
}

// lostLines returns the line that says that lines were lost.
func lostLines(format func(io.Writer) io.Writer, lost uint64, cause error) []byte {
	var line bytes.Buffer
	log := zerolog.New(format(&line)).With().Timestamp().Logger()
	log.Warn().Uint64("lines", lost).AnErr("cause", cause).
		Msg("lines of this log were lost here, because standard error took none; the audit trail is complete")
	return line.Bytes()
}

// guarding returns a task of the server that flushes the log when it ends, also by a panic, which ends
// the process.
func (l *serverLog) guarding(task func()) func() {
	return func() {
		defer l.lines.Flush()
		task()
	}
}

// stats returns what became of the lines, for the metrics.
func (l *serverLog) stats() server.LogStats {
	return server.LogStats{Lost: l.lines.Lost(), Waited: l.lines.Waited()}
}

// close flushes the log at the end of the process.
func (l *serverLog) close() {
	if l != nil {
		l.lines.Close()
	}
}

// libraryLog logs what libraries write to Go's standard logger, a line a call.
type libraryLog struct{ log zerolog.Logger }

// Write implements io.Writer.
func (l libraryLog) Write(line []byte) (int, error) {
	l.log.Warn().Str("from", "library").Msg(strings.TrimSpace(string(line)))
	return len(line), nil
}

// say logs a message, with level warn for a warning.
func (l *serverLog) say(line string) {
	if warning, ok := strings.CutPrefix(line, "warning: "); ok {
		l.Warn().Msg(warning)
		return
	}
	l.Info().Msg(line)
}

// stopped logs the end of the process, and returns its exit code.
func (l *serverLog) stopped(err error) int {
	if err == nil {
		l.always.Info().Int("exit_code", exitOK).Msg("stopped")
		return exitOK
	}
	end := endingOf(err)
	line := l.always.Error().Int("exit_code", end.exit)
	if all, ok := errors.AsType[config.Faults](err); ok {
		line.Strs("faults", strings.Split(all.Error(), "\n"))
	} else {
		line.Str("error", oneLine(err))
	}
	if end.hint != "" {
		line.Str("hint", end.hint)
	}
	line.Msg("stopped")
	return end.exit
}
