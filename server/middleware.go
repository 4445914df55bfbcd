package server

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/authctl/authctl/authn"
)

// statusClientGone is the status that the log and the metrics show for a request whose client
// disconnected before a failure could be answered. It is never sent.
const statusClientGone = 499

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
	x.method, x.path = bounded(r.Method, maxLoggedMethod), bounded(r.URL.Path, maxLoggedPath)
	x.id[0] = requestID(r.Header)
	x.caller = s.callerOf(r.URL.Path)
	x.client, x.https = s.client(r)
	x.secure()
	if s.draining.Load() {
		x.Header()["Connection"] = closing // the client's next request goes to another server
	}
	s.logStart(x)
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
	s.logEnd(x, took)
	if abort {
		panic(http.ErrAbortHandler)
	}
}

// recovered logs a handler's panic and answers 500. It reports false when the answer had begun;
// then the connection must be cut, so that the client sees that the answer is incomplete.
func (s *Server) recovered(x *exchange, value any) bool {
	s.log.Error().
		RawJSON(x.who()).
		Str("panic", bounded(fmt.Sprint(value), maxLoggedError)).
		Str("stack", bounded(string(debug.Stack()), 16*maxLoggedError)).
		Msg("handler panicked")
	if x.status != 0 {
		return false
	}
	fail(x, problem(authn.CodeInternal, internalMessage))
	return true
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
