package cmd

import (
	"errors"
	stdlog "log"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/authctl/authctl/cmd/config"
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
	always         zerolog.Logger // omits nothing; for the start and the end of the process
	gate           *levelGate
	json           bool // one JSON object a line, and no other output
}

// startLog opens the log of a server: text on a terminal or in development, else JSON. A JSON log
// has every later message of the process, including its end.
func (a *app) startLog(cfg config.Loaded) {
	gate := &levelGate{}
	gate.set(cfg.Log.Level)
	_, onTerminal := terminal(a.err)
	log := zerolog.New(escaping{a.err})
	console := cfg.Log.Console() || (!cfg.Log.JSON() && (onTerminal || cfg.Development()))
	if console {
		log = zerolog.New(zerolog.ConsoleWriter{Out: a.err, TimeFormat: time.TimeOnly, NoColor: !onTerminal})
	}
	log = log.With().Timestamp().Logger()
	a.log = &serverLog{Logger: log.Sample(gate), always: log, gate: gate, json: !console}
	if a.err == os.Stderr { // what libraries say by Go's own logger
		stdlog.SetFlags(0)
		stdlog.SetOutput(libraryLog{a.log.Logger})
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
