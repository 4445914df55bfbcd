package server

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/authctl/authctl/authn"
)

// SetClock replaces the clock for Max-Age and the limits.
func (s *Server) SetClock(now func() time.Time) { s.cookies.now, s.clock = now, now }

// SetReadTimeouts shortens the timeouts that a test would otherwise wait for.
func (s *Server) SetReadTimeouts(header, whole time.Duration) {
	s.timeouts.readHeader, s.timeouts.read = header, whole
}

// HTTPServer returns the HTTP server of the public listener.
func (s *Server) HTTPServer() *http.Server { return s.httpServer(s.handler) }

// SetReadyTimeout sets the timeout of /readyz, for slow stores of tests.
func (s *Server) SetReadyTimeout(d time.Duration) { s.timeouts.ready = d }

// Observe wraps a handler in the outermost layer.
func (s *Server) Observe(h http.Handler) http.Handler { return s.observe(h) }

// Drain makes /readyz say that the server is shutting down.
func (s *Server) Drain() { s.draining.Store(true) }

// Routes returns the public routes.
func (s *Server) Routes() chi.Routes { return s.router }

// PausesOfWarnings returns the pause after each kind of warning that clients can cause at will.
func (s *Server) PausesOfWarnings() map[string]time.Duration {
	return map[string]time.Duration{
		"ignored header": s.untrusted.Interval, "doubled cookies": s.doubled.Interval, "other origins": s.foreign.Interval,
		"named clients":   s.misnamed.Interval,
		"crowded address": s.crowding.Interval, "PROXY header": s.misproxied.Interval,
	}
}

// Statuses returns the table from codes to HTTP statuses.
func Statuses() map[authn.Code]int { return statuses }

// Document returns the embedded OpenAPI document.
func Document() []byte { return openapiDocument }

// DecodeAccount decodes a body of /login.
func DecodeAccount(body []byte) (username, password string, err error) {
	var in loginRequest
	if err := shapeOf[loginRequest]().unmarshal(body, &in); err != nil {
		return "", "", err
	}
	account := in.account()
	return account.Username, account.Password, nil
}

// OpenConnections returns the number of open connections.
func (s *Server) OpenConnections() int { return s.open.count() }

// TestLimiter is the limiter of one class.
type TestLimiter struct{ *limiter }

// NewTestLimiter returns a limiter.
func NewTestLimiter(r Rate) TestLimiter { return TestLimiter{newLimiter(r)} }

// Take counts a request of an address. It returns 0 if the request is allowed, and otherwise
// the delay.
func (l TestLimiter) Take(addr netip.Addr, now time.Time) time.Duration {
	return l.take(authn.AddressBlock(addr), now)
}

// Entries returns the number of addresses in memory.
func (l TestLimiter) Entries() int { return l.entries() }

// TestConnections counts connections.
type TestConnections struct{ *openConnections }

// NewTestConnections returns a counter that allows so many connections of one address.
func NewTestConnections(maxPerAddress int) TestConnections {
	return TestConnections{&openConnections{maxPerAddress: maxPerAddress, from: map[netip.Prefix]int{}}}
}

// Enter reports whether one more connection may be open.
func (c TestConnections) Enter(from netip.Addr) bool { return c.enter(from) }

// Leave counts a closed connection.
func (c TestConnections) Leave(from netip.Addr) { c.leave(from) }

// Blocks returns how many blocks have connections.
func (c TestConnections) Blocks() int { return len(c.from) }

// Hops returns the addresses that the lines of a forwarding header name, as written.
func Hops(header string, lines ...string) (addrs []string) {
	h := http.Header{}
	for _, line := range lines {
		h.Add(header, line)
	}
	for _, hop := range hops(h, header) {
		addrs = append(addrs, hop.addr)
	}
	return addrs
}

// Bearer reads the Authorization header.
func Bearer(h http.Header) (token string, found bool, err error) { return bearer(h) }

// RefreshTokenOf reads the refresh token of a request.
func (s *Server) RefreshTokenOf(r *http.Request) (string, error) {
	return (&exchange{server: s, request: r}).refreshToken()
}

// Languages reads the Accept-Language header.
func Languages(h http.Header) string { return languages(h) }

// Pasted returns the token of what a person has pasted.
func Pasted(given string) string { return pasted(given) }

// PageTexts returns the words of each built-in page, by path, in each language.
func PageTexts() map[string][]pageText {
	return map[string][]pageText{VerifyPagePath: verifyTexts, ResetPagePath: resetTexts}
}

// Refusal returns the words for an error with a code and, for a weak password, a reason.
func (t pageText) Refusal(status int, code authn.Code, reason authn.Weakness) string {
	return t.refusal(status, problemBody{Code: code, Reason: reason})
}
