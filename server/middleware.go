package server

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// statusClientGone is the status that the log and the metrics show for a request whose client
// disconnected before a failure could be answered. It is never sent.
const statusClientGone = 499

const maxLoggedError = 1 << 10

// observe is the outermost layer. It gives each request its id, its client and its security
// headers, logs its start and its end, counts it, and turns a panic into a 500.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := s.begin(w, r)
		defer s.end(x)
		next.ServeHTTP(x, r)
	})
}

func (s *Server) begin(w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{ResponseWriter: w, server: s, request: r, started: time.Now()}
	x.id[0] = requestID(r.Header)
	x.caller = s.callerOf(r.URL.Path)
	x.client, x.https = s.client(r)
	if x.client.IsValid() {
		x.remote = x.client.String()
	}
	x.secure()
	if s.draining.Load() {
		x.Header()["Connection"] = closing // the client's next request goes to another server
	}
	x.level().
		Str("request_id", x.id[0]).
		Str("method", bounded(r.Method, maxLoggedMethod)).
		Str("path", bounded(r.URL.Path, maxLoggedPath)).
		Str("remote_addr", x.remote).
		Msg("request started")
	return x
}

// end logs and counts a request. It runs deferred, so that it also sees a panic.
func (s *Server) end(x *exchange) {
	abort := false
	if value := recover(); value != nil {
		abort = value == http.ErrAbortHandler || !s.recovered(x, value)
	}
	took := time.Since(x.started)
	// The read timeout ends the context too, but then the client is still there.
	if x.status >= 500 && x.request.Context().Err() != nil && took < s.timeouts.read {
		x.status = statusClientGone
	}
	s.metrics.observe(x, took)
	s.logCause(x)
	line := x.level().
		Str("request_id", x.id[0]).
		Str("method", bounded(x.request.Method, maxLoggedMethod)).
		Str("path", bounded(x.request.URL.Path, maxLoggedPath)).
		Str("route", x.route).
		Int("status", x.status).
		Dur("latency_ms", took).
		Int64("bytes", x.bytes).
		Str("remote_addr", x.remote)
	if x.code != "" {
		line.Str("code", string(x.code))
	}
	if x.foreign != "" {
		line.Str("origin", x.foreign)
	}
	logID(line, "user_id", x.user)
	logID(line, "session_id", x.session)
	for _, step := range x.steps {
		line.Dur(step.Name+"_ms", step.Took)
	}
	line.Msg("request finished")
	if abort {
		panic(http.ErrAbortHandler)
	}
}

// logID adds an id to a line of the log, unless it is zero. It allocates nothing.
func logID(line *zerolog.Event, name string, id uuid.UUID) {
	if id == uuid.Nil {
		return
	}
	var text [36]byte
	from, to := 0, 0
	for i, bytes := range [...]int{4, 2, 2, 2, 6} { // RFC 9562, section 4
		if i > 0 {
			text[to] = '-'
			to++
		}
		to += hex.Encode(text[to:], id[from:from+bytes])
		from += bytes
	}
	line.Bytes(name, text[:])
}

// level returns the log event for a request, at its level. Health checks are logged at debug. The
// end of one with a bad answer is logged at info.
func (x *exchange) level() *zerolog.Event {
	if x.caller == orchestrator && x.status < 400 {
		return x.server.log.Debug()
	}
	return x.server.log.Info()
}

// recovered logs a handler's panic and answers 500. It reports false when the answer had begun;
// then the connection must be cut, so that the client sees that the answer is incomplete.
func (s *Server) recovered(x *exchange, value any) bool {
	s.log.Error().
		Str("request_id", x.id[0]).
		Str("panic", bounded(fmt.Sprint(value), maxLoggedError)).
		Str("stack", bounded(string(debug.Stack()), 16*maxLoggedError)).
		Msg("handler panicked")
	if x.status != 0 {
		return false
	}
	fail(x, problem(authn.CodeInternal, internalMessage))
	return true
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
		Str("request_id", x.id[0]).
		Str("code", string(x.code)).
		Str("error", bounded(x.cause.Error(), maxLoggedError)).
		Msg("request failed")
}

// The values of the security headers. net/http does not change these slices.
var (
	noStore    = []string{"no-store"}
	nosniff    = []string{"nosniff"}
	policy     = []string{"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"}
	deny       = []string{"DENY"}
	noReferrer = []string{"no-referrer"}
	sameOrigin = []string{"same-origin"}
	varyOrigin = []string{"Origin, Sec-Fetch-Site"}
	closing    = []string{"close"}
)

// secure sets the security headers of every answer.
func (x *exchange) secure() {
	h := x.Header()
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = nosniff
	h["Content-Security-Policy"] = policy
	h["X-Frame-Options"] = deny
	h["Referrer-Policy"] = noReferrer
	h["Cross-Origin-Resource-Policy"] = sameOrigin
	h["X-Request-Id"] = x.id[:]
	if m := x.request.Method; m != http.MethodGet && m != http.MethodHead {
		h["Vary"] = varyOrigin // because cross-origin protection depends on these headers
	}
	x.hsts()
}
