package server

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
)

// newRouter returns a router for the table of routes, and the value of Allow for each path.
func (s *Server) newRouter() (*chi.Mux, map[string]string) {
	r := chi.NewRouter()
	r.NotFound(s.notFound)
	r.MethodNotAllowed(s.methodNotAllowed)
	methods := map[string][]string{}
	for _, row := range s.table {
		for _, method := range row.methods() {
			r.MethodFunc(method, row.path, row.handler)
		}
		methods[row.path] = append(methods[row.path], row.methods()...)
	}
	allow := make(map[string]string, len(methods))
	for path, m := range methods {
		slices.Sort(m)
		allow[path] = strings.Join(m, ", ")
	}
	return r, allow
}

// exactly is a method and a path without segments to fill in.
type exactly struct{ method, path string }

// constantPaths is an index of the routes whose path is constant.
type constantPaths struct {
	routes  map[exactly]*route
	callers map[string]caller
}

func indexConstantPaths(table []route) constantPaths {
	index := constantPaths{map[exactly]*route{}, map[string]caller{}}
	for i := range table {
		row := &table[i]
		if strings.ContainsAny(row.path, "{*") {
			continue
		}
		index.callers[row.path] = row.caller
		for _, method := range row.methods() {
			index.routes[exactly{method, row.path}] = row
		}
	}
	return index
}

// dispatch calls the handler of a request. A constant path does not go through the router, which copies
// the request to store in it what it found in the path.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawPath == "" {
		if row, ok := s.constant.routes[exactly{r.Method, r.URL.Path}]; ok {
			r.Pattern = row.path
			row.handler(w, r)
			return
		}
	}
	s.router.ServeHTTP(w, r)
}

func (s *Server) notFound(w http.ResponseWriter, _ *http.Request) {
	fail(w.(*exchange), errNotFound)
}

// methodNotAllowed answers 405, or 404 for an unknown path: the router also calls it for unknown
// methods on any path.
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

// find returns the route of a request's path, whatever its method, and the methods of that route.
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
