package cmd

import (
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// levelGate is the least level that is logged, which may change while the server runs.
type levelGate struct{ least atomic.Int32 }

// Sample implements zerolog.Sampler.
func (g *levelGate) Sample(level zerolog.Level) bool { return int32(level) >= g.least.Load() }

func (g *levelGate) set(name string) {
	level, _ := zerolog.ParseLevel(name) // validated
	g.least.Store(int32(level))
}

// newLogger writes to standard error, for people on a terminal or in
// development, else one JSON object a line.
func newLogger(a *app, cfg loaded) (zerolog.Logger, *levelGate) {
	gate := &levelGate{}
	gate.set(cfg.Log.Level)
	_, onTerminal := terminal(a.err)
	log := zerolog.New(escaping{a.err})
	if cfg.Log.Format == "console" || (cfg.Log.Format == "auto" && (onTerminal || cfg.development())) {
		log = zerolog.New(zerolog.ConsoleWriter{Out: a.err, TimeFormat: time.TimeOnly, NoColor: !onTerminal})
	}
	return log.Sample(gate).With().Timestamp().Logger(), gate
}
