package server

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
)

// routes is every public route. Paths match exactly: no slashes are stripped or
// redirected. HEAD is answered wherever GET is.
func (s *Server) routes() (*chi.Mux, map[string]string) {
	r := chi.NewRouter()
	r.NotFound(s.notFound)
	r.MethodNotAllowed(s.methodNotAllowed)
	get := func(path string, h http.HandlerFunc) {
		r.Get(path, h)
		r.Head(path, h)
	}

	r.Post("/register", handle(s, http.StatusCreated, s.register))
	r.Post("/login", handle(s, http.StatusOK, s.login))
	r.Post("/logout", handle(s, http.StatusOK, s.logout))
	r.Post("/refresh", handle(s, http.StatusOK, s.refresh))
	get("/profile", signedIn(s, http.StatusOK, s.profile))

	get("/sessions", signedIn(s, http.StatusOK, s.sessions))
	r.Delete("/sessions", signedIn(s, http.StatusOK, s.endOtherSessions))
	r.Delete("/sessions/{id}", signedIn(s, http.StatusOK, s.endSession))
	for _, method := range proxied {
		r.MethodFunc(method, "/verify", s.verify)
		r.MethodFunc(method, "/verify/*", s.verify)
	}

	get(jwksPath, handle(s, http.StatusOK, s.jwks))
	get("/.well-known/openid-configuration", handle(s, http.StatusOK, s.metadata))

	get("/healthz", handle(s, http.StatusOK, s.healthz))
	get("/readyz", handle(s, http.StatusOK, s.readyz))
	get("/openapi.json", handle(s, http.StatusOK, s.openapi))

	return r, allowed(r)
}

// proxied are the methods of requests that a proxy asks about at /verify. It passes on
// neither TRACE nor CONNECT.
var proxied = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// allowed maps every path of r to the methods it takes, ready for Allow.
func allowed(r chi.Routes) map[string]string {
	methods := map[string][]string{}
	// The walk's function never fails, so neither does the walk.
	_ = chi.Walk(r, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		methods[route] = append(methods[route], method)
		return nil
	})
	allow := make(map[string]string, len(methods))
	for route, m := range methods {
		slices.Sort(m)
		allow[route] = strings.Join(m, ", ")
	}
	return allow
}

func (s *Server) notFound(w http.ResponseWriter, _ *http.Request) {
	fail(w.(*exchange), errNotFound)
}

// methodNotAllowed also gets the methods that the router has never heard of,
// whatever the path.
func (s *Server) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	x := w.(*exchange)
	route, allow := s.find(r)
	if route == "" {
		fail(x, errNotFound)
		return
	}
	x.route = route
	x.Header().Set("Allow", allow)
	fail(x, errMethodNotAllowed)
}

// find returns the route that a request's path names, whatever its method, and
// the methods of that route.
func (s *Server) find(r *http.Request) (route, allow string) {
	path := r.URL.Path
	if r.URL.RawPath != "" {
		path = r.URL.RawPath
	}
	if allow, ok := s.allow[path]; ok {
		return path, allow
	}
	for pattern, allow := range s.allow {
		if !strings.ContainsAny(pattern, "{*") {
			continue
		}
		first, _, _ := strings.Cut(allow, ", ")
		if at := chi.NewRouteContext(); s.router.Match(at, first, path) && at.RoutePattern() == pattern {
			return pattern, allow
		}
	}
	return "", ""
}
