package server

import (
	"net/http"
	"strings"
)

// maxShownOrigin is the max number of bytes of an Origin header that answers and logs repeat.
const maxShownOrigin = 128

// The settings that admit pages of other origins.
const (
	settingAllowed = "server.cors.allowed_origins"
	settingPublic  = "server.public_url"
)

// foreign describes a refused request from a page of another origin.
type foreign struct {
	origin  string // as the browser named it, bounded and escaped; "" when it named none
	setting string // the setting that would allow it; "" for none
	why     string // one sentence of explanation for the page's author and the operator
}

// foreignOf describes a refused request. If the browser sends Sec-Fetch-Site, it has itself found
// that the page is of another origin. Otherwise the Host header decided, which a proxy may have
// rewritten.
func foreignOf(r *http.Request) foreign {
	values := r.Header["Origin"]
	if len(values) != 1 || values[0] == "" {
		return foreign{"", settingAllowed, "a page of another origin may not make this request; " + settingAllowed + " names the origins that may"}
	}
	quoted := quoteBounded(values[0], maxShownOrigin)
	f := foreign{origin: strings.ReplaceAll(quoted, `"`, ""), setting: settingAllowed}
	why := CheckClientOrigin(values[0])
	switch {
	case values[0] == "null":
		f.setting = ""
		f.why = "a page without an origin of its own (a file, or a sandboxed frame) may not make this request, and no setting allows it"
	case isAppOrigin(values[0]):
		f.setting = settingClients
		f.why = "an app or extension of " + quoted + " may not make this request; the operator can allow it in the origins of a client in " + settingClients
	case len(r.Header["Sec-Fetch-Site"]) == 0:
		f.setting = settingPublic + " or " + settingAllowed
		f.why = "a page of " + quoted + " may not make this request: the request came by the name " + quoteBounded(r.Host, maxShownOrigin) +
			". If browsers reach this service at that origin, the operator sets " + settingPublic + "; else " + settingAllowed + " would allow it"
	case why != nil:
		f.setting = ""
		f.why = "a page of " + quoted + " may not make this request, and no setting allows it: an origin " + why.Error()
	default:
		f.why = "a page of " + quoted + " may not make this request; the operator can allow it in " + settingAllowed +
			", or in server.trusted_origins if a proxy brings its requests here"
	}
	return f
}

// crossOrigin answers a request that [http.CrossOriginProtection] denied. It does not read the
// body.
func (s *Server) crossOrigin(w http.ResponseWriter, r *http.Request) {
	x := w.(*exchange)
	x.route, _ = s.find(r)
	if r.ContentLength != 0 {
		x.Header().Set("Connection", "close")
	}
	from := foreignOf(r)
	x.noteForeign(from)
	fail(x, problem(codeCrossOrigin, from.why))
}

// notePreflights logs preflights that are not granted. Browsers show their answers to nobody.
func (s *Server) notePreflights(allowed origins, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		preflight := r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
		if preflight && w.(*exchange).caller != proxy && !allowed.allows(r) {
			w.(*exchange).noteForeign(foreignOf(r))
		}
		next.ServeHTTP(w, r)
	})
}

// noteForeign adds the origin to the request's log line. At most once a minute it also logs a
// warning with the setting that would allow it.
func (x *exchange) noteForeign(from foreign) {
	x.foreign = from.origin
	x.server.foreign.Do(func() {
		x.server.log.Warn().
			Str("request_id", x.requestID()).
			Str("origin", from.origin).
			Str("setting", from.setting).
			Str("reason", from.why).
			Msg("cross-origin request refused")
	})
}
