package server

import (
	"net/http"
	"strings"
)

// clientHeader is the request header in which a client names itself. No form of a page can send it,
// and a script of another origin only after a preflight.
const clientHeader = "Authctl-Client"

const settingClients = "clients"

// codeUnknownClient is 400 and not 401, because clients answer a 401 with a refresh or a sign-in,
// and neither would help.
const codeUnknownClient = "unknown_client"

var errUnknownClient = problem(codeUnknownClient, "the header "+clientHeader+" must have the id of one client that this service knows, or be left out")

// naming finds the client that a request names. It refuses an unknown one. It takes the cookies from
// a request of a native client, which acts by what its body and its Authorization header have. A
// page that names a native client without being one of its pages names nobody. Requests of
// proxies are about requests to others, so they name nobody either.
func (s *Server) naming(clients publicClients, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, values := w.(*exchange), r.Header[clientHeader]
		if len(values) == 0 || x.caller == proxy || x.caller == orchestrator {
			next.ServeHTTP(w, r)
			return
		}
		c := clients.named(values)
		switch {
		case len(clients) == 0:
			s.warnClient(x, "the header "+clientHeader+" was ignored, because no clients are configured")
		case c == nil:
			x.route, _ = s.find(r)
			s.warnClient(x, "no client with this id is configured")
			if r.URL.Path == tokenPath { // its errors have a form of their own
				failToken(x, errUnknownClient)
				return
			}
			fail(x, errUnknownClient)
			return
		case !c.native:
			x.app = c
		case c.maySend(r.Header):
			x.app = c
			delete(r.Header, "Cookie")
		case changesNothing(r): // an extension sends no Origin with it
		default:
			s.warnClient(x, "a page named a native client that does not list its origin, so it gets cookies only")
		}
		next.ServeHTTP(w, r)
	})
}

// changesNothing reports whether a request only reads.
func changesNothing(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

// warnClient warns, at most once a minute, that a request did not get what it named a client for.
func (s *Server) warnClient(x *exchange, why string) {
	s.misnamed.Do(func() {
		h := x.request.Header
		s.log.Warn().
			Str("request_id", x.requestID()).
			Str("client", shown(h[clientHeader])).
			Str("origin", shown(h["Origin"])).
			Str("setting", settingClients).
			Str("reason", why).
			Msg("client header not followed")
	})
}

// shown returns the values of a header for the log, bounded and escaped.
func shown(values []string) string {
	return strings.ReplaceAll(quoteBounded(strings.Join(values, ", "), maxShownOrigin), `"`, "")
}

// native reports whether the request is one of a native client, which gets its tokens in the body.
func (x *exchange) native() bool { return x.app != nil && x.app.native }

// clientID returns the id of the client that the request names, "" for none.
func (x *exchange) clientID() string {
	if x.app == nil {
		return ""
	}
	return x.app.id
}

// byKind makes an endpoint that takes another body from native clients.
func byKind(native, others endpoint) endpoint {
	return endpoint{others.caller, func(w http.ResponseWriter, r *http.Request) {
		if w.(*exchange).native() {
			native.handler(w, r)
			return
		}
		others.handler(w, r)
	}}
}
