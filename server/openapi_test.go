package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/go-chi/chi/v5"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

var document = sync.OnceValues(func() (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(server.Document())
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(loader.Context)
})

// conforms compares an answer with the document: the operation must declare its status, its
// headers and its body. An answer that belongs to no operation (an unknown path, or a method
// that the path does not accept) must have the form of an error.
func (f *fixture) conforms(req *http.Request, a answer) {
	f.t.Helper()
	doc, err := document()
	if err != nil {
		f.t.Fatal(err)
	}
	f.carriesHeaders(req, a)
	method, path := documentedAs(req)
	f.servesBrowsers(req, a, method+" "+path)
	head := req.Method == http.MethodHead
	item := doc.Paths.Find(path)
	if item == nil || item.GetOperation(method) == nil {
		f.undeclared(req, a, doc)
		return
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: req,
			Route: &routers.Route{
				Spec: doc, Path: path, PathItem: item, Method: method, Operation: item.GetOperation(method),
			},
		},
		Status:  a.status,
		Header:  a.header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, ExcludeResponseBody: head},
	}
	input.SetBodyBytes(a.body)
	if err := openapi3filter.ValidateResponse(req.Context(), input); err != nil {
		f.t.Errorf("%s %s: the answer is not as documented: %v\n%s", req.Method, path, err, a)
	}
}

// servesBrowsers checks what the document requires of answers to all but native clients, which it
// cannot tell apart.
func (f *fixture) servesBrowsers(req *http.Request, a answer, operation string) {
	f.t.Helper()
	if a.status != http.StatusOK || req.Header["Authctl-Client"] != nil {
		return
	}
	missing := ""
	switch operation {
	case "POST /login", "POST /refresh", "POST /password/change":
		missing = "Set-Cookie"
	case "POST /logout", "DELETE /profile":
		missing = "Clear-Site-Data"
	}
	if missing != "" && a.header.Get(missing) == "" {
		f.t.Errorf("%s: the answer has no %s: %s", operation, missing, a)
	}
}

// documentedAs returns the operation that describes a request. /verify accepts every method
// and every path below its own, and is described once. HEAD is described as GET.
func documentedAs(req *http.Request) (method, path string) {
	switch path := req.URL.EscapedPath(); {
	case path == "/verify" || strings.HasPrefix(path, "/verify/"):
		return http.MethodGet, "/verify"
	case strings.HasPrefix(path, "/sessions/") && strings.Count(path, "/") == 2:
		return req.Method, "/sessions/{id}"
	case strings.HasPrefix(path, "/authctl.") && path != "/authctl.js" && strings.HasSuffix(path, ".js") && strings.Count(path, "/") == 1 && (req.Method == http.MethodGet || req.Method == http.MethodHead):
		return http.MethodGet, "/authctl.{hash}.js"
	case req.Method == http.MethodHead:
		return http.MethodGet, path
	default:
		return req.Method, path
	}
}

func isPreflight(req *http.Request, a answer) bool {
	return req.Method == http.MethodOptions && a.status == http.StatusNoContent && len(a.body) == 0
}

func (f *fixture) undeclared(req *http.Request, a answer, doc *openapi3.T) {
	f.t.Helper()
	if isPreflight(req, a) {
		return
	}
	if !slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusForbidden, http.StatusTooManyRequests}, a.status) {
		f.t.Errorf("%s %s: got %d, want 403, 404, 405 or 429", req.Method, req.URL.Path, a.status)
	}
	if req.Method == http.MethodHead {
		return
	}
	var body any
	if err := json.Unmarshal(a.body, &body); err != nil {
		f.t.Errorf("%s %s: %v in %q", req.Method, req.URL.Path, err, a.body)
		return
	}
	problem := doc.Components.Schemas["Problem"].Value
	if err := problem.VisitJSON(body, openapi3.EnableJSONSchema2020()); err != nil {
		f.t.Errorf("%s %s: %v", req.Method, req.URL.Path, err)
	}
}

// carriesHeaders checks the headers that every answer must have.
func (f *fixture) carriesHeaders(req *http.Request, a answer) {
	f.t.Helper()
	kept := "no-store"
	if strings.HasPrefix(req.URL.Path, "/.well-known/") && (a.status == http.StatusOK || a.status == http.StatusNotModified) {
		kept = "public, max-age=300"
	}
	contentType, policy := "application/json; charset=utf-8", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
	if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") && (req.URL.Path == server.VerifyPagePath || req.URL.Path == server.ResetPagePath) {
		contentType, policy = "text/html; charset=utf-8", a.header.Get("Content-Security-Policy") // page_test.go holds it
	}
	if a.status == http.StatusNotModified || isPreflight(req, a) {
		contentType = "" // there is none
	}
	shared, embedded := "", "same-origin" // cors_test.go says when
	if a.header.Get("Access-Control-Allow-Origin") != "" {
		shared = req.Header.Get("Origin")
	}
	if strings.HasPrefix(req.URL.Path, "/authctl.") && (a.status == http.StatusOK || a.status == http.StatusNotModified) { // library_test.go holds these
		kept, embedded, shared = a.header.Get("Cache-Control"), "cross-origin", a.header.Get("Access-Control-Allow-Origin")
		if a.status == http.StatusOK {
			contentType = a.header.Get("Content-Type")
		}
	}
	for name, want := range map[string]string{
		"Cache-Control":                kept,
		"Content-Type":                 contentType,
		"X-Content-Type-Options":       "nosniff",
		"Content-Security-Policy":      policy,
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Resource-Policy": embedded,
		"Server":                       "",
		"Location":                     "",
		"Access-Control-Allow-Origin":  shared,
	} {
		if got := a.header.Get(name); got != want {
			f.t.Errorf("%s %s: %s is %q, want %q", req.Method, req.URL.Path, name, got, want)
		}
	}
}

func TestTheDocumentNamesExactlyTheRoutes(t *testing.T) {
	t.Parallel()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	var documented, routed []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}
	err = chi.Walk(start(t).srv.Routes(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if method == http.MethodHead || ((route == "/verify" || strings.HasPrefix(route, "/verify/")) && method+route != "GET/verify") {
			return nil // see documentedAs
		}
		routed = append(routed, method+" "+route)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(documented)
	slices.Sort(routed)
	if !slices.Equal(documented, routed) {
		t.Errorf("documented %v\nrouted     %v", documented, routed)
	}
}

// TestNobodyGetsPastARouteThatNeedsAToken requests each route without a token. A new route
// must refuse the request, or be on the list of open routes.
func TestNobodyGetsPastARouteThatNeedsAToken(t *testing.T) {
	t.Parallel()
	f := start(t)
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	open := map[string]int{
		"POST /register": http.StatusUnsupportedMediaType, "POST /login": http.StatusUnsupportedMediaType, "POST /logout": http.StatusOK,
		"POST /password/forgot": http.StatusUnsupportedMediaType, "POST /password/reset": http.StatusUnsupportedMediaType,
		"POST /email/verify": http.StatusUnsupportedMediaType, "POST /token": http.StatusBadRequest,
		"GET /verify-email": http.StatusOK, "POST /verify-email": http.StatusUnsupportedMediaType,
		"GET /reset-password": http.StatusOK, "POST /reset-password": http.StatusUnsupportedMediaType,
		"GET /healthz": http.StatusOK, "GET /readyz": http.StatusOK, "GET /openapi.json": http.StatusOK,
		"GET /.well-known/jwks.json": http.StatusOK, "GET /.well-known/openid-configuration": http.StatusNotFound, // without a public URL
		"GET /.well-known/oauth-authorization-server": http.StatusNotFound,
		"GET /authctl.js": http.StatusOK, "GET /authctl.{hash}.js": http.StatusOK, "GET /authctl.d.ts": http.StatusOK,
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			name := method + " " + path
			want, anyone := open[name]
			if !anyone {
				want = http.StatusUnauthorized
			}
			f.send(request{method: method, path: strings.Replace(path, "{id}", "0b7e3c52-6f0d-4a55-9f0c-2f6f0f1c9a11", 1)}).want(t, want)
			needs := operation.Security != nil && len(*operation.Security) > 0 &&
				!slices.ContainsFunc(*operation.Security, func(r openapi3.SecurityRequirement) bool { return len(r) == 0 })
			if needs == anyone {
				t.Errorf("%s: the document says that it needs a token: %t", name, needs)
			}
		}
	}
}

func TestTheDocumentNamesExactlyTheCodes(t *testing.T) {
	t.Parallel()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	var documented, known []string
	for _, code := range doc.Components.Schemas["Code"].Value.Enum {
		documented = append(documented, code.(string))
	}
	for code := range server.Statuses() {
		known = append(known, string(code))
	}
	slices.Sort(documented)
	slices.Sort(known)
	if !slices.Equal(documented, known) {
		t.Errorf("documented %v\nknown      %v", documented, known)
	}
}

func TestEveryCodeHasAStatus(t *testing.T) {
	t.Parallel()
	for _, code := range authn.Codes() {
		if server.Statuses()[code] == 0 {
			t.Errorf("%s has no status", code)
		}
	}
}

func TestTheDocumentIsServed(t *testing.T) {
	t.Parallel()
	a := start(t).send(request{method: "GET", path: "/openapi.json"}).want(t, http.StatusOK)
	if !strings.HasPrefix(string(a.body), `{`) || string(a.body) != string(server.Document()) {
		t.Error("what is served is not the document")
	}
}
