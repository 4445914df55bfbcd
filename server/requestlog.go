package server

import (
	"errors"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// The values of [Config].LogRequests: the lines that each request has in the log. Causes of failures,
// panics and warnings are logged with each of them.
const (
	LogStartAndFinish = "start_and_finish"
	LogFinish         = "finish"
	LogOff            = "off"
)

// requestLines says which lines requests have. It may change while the server runs.
type requestLines struct{ start, finish bool }

func newRequestLines(setting string) *requestLines {
	return &requestLines{start: setting == LogStartAndFinish, finish: setting != LogOff}
}

const maxLoggedError = 1 << 10

func (s *Server) logStart(x *exchange) {
	if s.lines.Load().start {
		x.level().RawJSON(x.who()).Msg("request started")
	}
}

func (s *Server) logEnd(x *exchange, took time.Duration) {
	if !s.lines.Load().finish {
		return
	}
	line := x.level().
		RawJSON(x.who()).
		Str("route", x.route).
		Int("status", x.status).
		Dur("latency_ms", took).
		Int64("bytes", x.bytes)
	if x.code != "" {
		line.Str("code", string(x.code))
	}
	if x.foreign != "" {
		line.Str("origin", x.foreign)
	}
	if x.app != nil {
		line.Str("client_id", x.app.id)
	}
	logID(line, "user_id", x.user)
	logID(line, "session_id", x.session)
	if x.service != "" {
		line.Str("client", x.service)
	}
	for _, step := range x.steps {
		line.Dur(step.Name+"_ms", step.Took)
	}
	line.Msg("request finished")
}

// who returns what every line of a request begins with: the name of the first field, and the JSON of
// its value and of the fields behind it. It is made once, because lines are the largest part of the
// work of a short request.
func (x *exchange) who() (firstField string, rest []byte) {
	if len(x.asked) == 0 {
		b := append(x.room[:0], '"') // a request id needs no escapes
		b = append(append(b, x.id[0]...), `","method":`...)
		b, _ = jsontext.AppendQuote(b, x.method)
		b, _ = jsontext.AppendQuote(append(b, `,"path":`...), x.path)
		b = append(b, `,"remote_addr":"`...)
		if x.client.IsValid() {
			b = x.client.AppendTo(b)
		}
		x.asked = append(b, '"')
	}
	return "request_id", x.asked
}

// logID adds an id to a line of the log, unless it is zero. It allocates nothing.
func logID(line *zerolog.Event, name string, id uuid.UUID) {
	if id == uuid.Nil {
		return
	}
	var text [maxIDText + 2]byte
	line.RawJSON(name, append(appendID(append(text[:0], '"'), id), '"'))
}

const maxIDText = 36

// appendID appends an id as text (RFC 9562, section 4).
func appendID(text []byte, id uuid.UUID) []byte {
	const digits = "0123456789abcdef"
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text = append(text, '-')
		}
		text = append(text, digits[b>>4], digits[b&15])
	}
	return text
}

// level returns the log event for a request, at its level. Health checks are logged at debug. The
// end of one with a bad answer is logged at info.
func (x *exchange) level() *zerolog.Event {
	if x.caller == orchestrator && x.status < 400 {
		return x.server.log.Debug()
	}
	return x.server.log.Info()
}

// logCause logs the cause of an error, once. The cause of a refused token is only client input, so
// it is logged at debug.
func (s *Server) logCause(x *exchange) {
	if x.cause == nil {
		return
	}
	line := s.log.Error()
	switch {
	case x.status == statusClientGone:
		line = s.log.Info()
	case x.status < 500 && x.code != authn.CodeInvalidCredentials,
		x.code == authn.CodeOverloaded: // there may be thousands, and a metric counts them
		line = s.log.Debug()
	}
	if errors.Is(x.cause, store.ErrFull) {
		line.Str("hint", "make room on the disk of the database")
	}
	line.
		RawJSON(x.who()).
		Int("status", x.status).
		Str("code", string(x.code)).
		Str("error", bounded(x.cause.Error(), maxLoggedError)).
		Msg("request failed")
}
