package server

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/authctl/authctl/authn"
)

// route is one row of the table below, with everything that distinguishes it.
type route struct {
	method   string // GET takes HEAD as well; anyMethod takes those of [proxiedMethods]
	path     string // exact, with {id} for one segment and /* for all below; no slash is stripped or redirected
	class    string // the rate limit class of its requests
	endpoint        // who may call it, the status of success, and the handler
}

// routes returns the table of every public route. The router, the rate limiter, the exemptions from
// cross-origin protection, the methods that CORS allows, the log's level and the metrics are built from it.
func (s *Server) routes(cfg Config) []route {
	table := []route{
		{"POST", "/register", classRegister, open(s, http.StatusCreated, s.register)},
		{"POST", "/login", classLogin, open(s, http.StatusOK, s.login)},
		{"POST", "/logout", classOther, byKind(open(s, http.StatusOK, s.logoutByBody), open(s, http.StatusOK, s.logout))},
		{"POST", "/refresh", classRefresh, byKind(open(s, http.StatusOK, s.refreshByBody), open(s, http.StatusOK, s.refresh))},

		{"POST", "/password/change", classLogin, byKind(signedIn(s, http.StatusOK, s.changePasswordByBody), signedIn(s, http.StatusOK, s.changePassword))},
		{"POST", "/password/forgot", classMail, open(s, http.StatusAccepted, s.forgotPassword)},
		{"POST", "/password/reset", classMail, open(s, http.StatusOK, s.resetPassword)},
		{"POST", "/email/change", classMail, signedIn(s, http.StatusAccepted, s.changeEmail)},
		{"POST", "/email/resend", classMail, signedIn(s, http.StatusAccepted, s.resendVerification)},
		{"POST", "/email/verify", classMail, open(s, http.StatusOK, s.verifyEmail)},

		{"GET", "/profile", classOther, signedIn(s, http.StatusOK, s.profile)},
		{"DELETE", "/profile", classLogin, signedIn(s, http.StatusOK, s.deleteAccount)},
		{"GET", "/sessions", classOther, signedIn(s, http.StatusOK, s.sessions)},
		{"DELETE", "/sessions", classOther, signedIn(s, http.StatusOK, s.endOtherSessions)},
		{"DELETE", "/sessions/{id}", classOther, signedIn(s, http.StatusOK, s.endSession)},

		{"POST", tokenPath, classToken, endpoint{anyone, s.token}},

		{anyMethod, verifyPath, unlimited, proxied(s.verify)},
		{anyMethod, verifyPath + "/*", unlimited, proxied(s.verify)},

		{"GET", jwksPath, classKeys, open(s, http.StatusOK, s.jwks)},
		{"GET", openIDPath, classKeys, open(s, http.StatusOK, s.metadata)},
		{"GET", authorizationPath, classKeys, open(s, http.StatusOK, s.metadata)},
		{"GET", "/openapi.json", classOther, open(s, http.StatusOK, s.openapi)},

		{"GET", "/healthz", unlimited, probed(s, http.StatusOK, s.healthz)},
		{"GET", "/readyz", unlimited, probed(s, http.StatusOK, s.readyz)},
	}
	table = append(table, s.libraryRoutes()...)
	for _, p := range s.pages(cfg) {
		table = append(table, p.routes(s)...)
	}
	return table
}

// caller is the kind of client that calls a route.
type caller string

const (
	anyone       caller = "anyone"
	user         caller = "user"         // must present a valid access token
	proxy        caller = "proxy"        // asks on behalf of a request of any origin; the answer changes nothing
	orchestrator caller = "orchestrator" // polls the server's health
)

// endpoint is a handler and who may call it.
type endpoint struct {
	caller  caller
	handler http.HandlerFunc
}

// open makes an endpoint that anyone may call.
func open[In, Out any](s *Server, status int, fn func(context.Context, *exchange, In) (Out, error)) endpoint {
	return endpoint{anyone, unidentified(s, status, fn)}
}

// probed makes an endpoint for orchestrators. Its good answers are logged at debug.
func probed[In, Out any](s *Server, status int, fn func(context.Context, *exchange, In) (Out, error)) endpoint {
	return endpoint{orchestrator, unidentified(s, status, fn)}
}

func unidentified[In, Out any](s *Server, status int, fn func(context.Context, *exchange, In) (Out, error)) http.HandlerFunc {
	return handle(s, status, func(*exchange) (none, error) { return none{}, nil },
		func(ctx context.Context, x *exchange, _ none, in In) (Out, error) { return fn(ctx, x, in) })
}

// signedIn makes an endpoint that needs a signed-in user. Without a valid access token the body is
// not read, and fn is not called.
func signedIn[In, Out any](s *Server, status int, fn func(context.Context, *exchange, authn.Identity, In) (Out, error)) endpoint {
	return endpoint{user, handle(s, status, (*exchange).identifyUser, fn)}
}

// proxied makes an endpoint for proxies. It has no cross-origin protection, no CORS and no HSTS,
// because its answers become answers of another origin.
func proxied(h http.HandlerFunc) endpoint { return endpoint{proxy, h} }

const anyMethod = "any"

// proxiedMethods is the methods of requests that a proxy may ask about. Proxies forward neither
// TRACE nor CONNECT.
var proxiedMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// methods returns every method that the route takes.
func (r route) methods() []string {
	switch r.method {
	case http.MethodGet:
		return []string{http.MethodGet, http.MethodHead}
	case anyMethod:
		return proxiedMethods
	default:
		return []string{r.method}
	}
}

// holds reports whether a path, without its query, belongs to the route. It is always false for a
// route with a {segment}.
func (r route) holds(path string) bool {
	if below, ok := strings.CutSuffix(r.path, "*"); ok {
		return strings.HasPrefix(path, below)
	}
	return r.path == path
}

// callerOf returns the kind of client that calls a path.
func (s *Server) callerOf(path string) caller {
	if c, ok := s.constant.callers[path]; ok {
		return c
	}
	for i := range s.table {
		if s.table[i].holds(path) {
			return s.table[i].caller
		}
	}
	return anyone
}

// classOf returns the rate limit class of a request. A path without a limit has none for any
// method.
func (s *Server) classOf(method, path string) string {
	if r := s.constant.routes[exactly{method, path}]; r != nil && (r.class == unlimited || r.method == method) {
		return r.class
	}
	for i := range s.table {
		if r := &s.table[i]; r.holds(path) && (r.class == unlimited || r.method == method) {
			return r.class
		}
	}
	return classOther
}

// corsMethods returns the methods that pages of other origins may use.
func corsMethods(table []route) (methods []string) {
	for _, r := range table {
		if r.caller != proxy {
			methods = append(methods, r.methods()...)
		}
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}
