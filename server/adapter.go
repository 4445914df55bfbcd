package server

import (
	"context"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// none is the empty JSON object: the body of a request without input, or of an answer without data.
type none struct{}

// handle makes an endpoint of a function. It identifies the caller, decodes the request's body into
// In, and calls fn under the request deadline. It answers with the status and Out, or with the error
// in the one error form. In is a struct whose pointer fields are required. If In is none, the body
// may be omitted.
func handle[Who, In, Out any](s *Server, status int, identify func(*exchange) (Who, error),
	fn func(context.Context, *exchange, Who, In) (Out, error)) http.HandlerFunc {
	shape := shapeOf[In]()
	return func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange)
		x.route, x.request = r.Pattern, r // with what the router found in the path
		who, err := identify(x)
		if err != nil {
			fail(x, err)
			return
		}
		var in In
		if err := shape.decode(x, r, &in); err != nil {
			fail(x, err)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.timeouts.request)
		defer cancel()
		out, err := fn(ctx, x, who, in)
		if err != nil {
			fail(x, err)
			return
		}
		answer(x, status, out)
	}
}

// answer writes one JSON body. For HEAD it writes the headers that GET would get, without the body
// (RFC 9110, section 9.3.2).
func answer(x *exchange, status int, body any) {
	if c, ok := body.(cacheable); ok {
		body = c.body
		if answerCacheable(x, c) {
			x.WriteHeader(http.StatusNotModified)
			return
		}
	}
	b, err := encode(body)
	if err != nil {
		fail(x, err)
		return
	}
	x.length[0] = strconv.Itoa(len(b))
	x.Header()["Content-Type"] = contentTypeJSON
	x.Header()["Content-Length"] = x.length[:] // net/http knows it of short bodies only, and of none for HEAD
	x.WriteHeader(status)
	if x.request.Method != http.MethodHead {
		x.Write(b) // an error here means that the client is gone
	}
}

// encode returns the JSON of a body, with a line feed for people with curl.
func encode(body any) ([]byte, error) {
	switch body := body.(type) {
	case none:
		return emptyObject, nil
	case jsontext.Value:
		return body, nil
	}
	b, err := json.Marshal(body)
	return append(b, '\n'), err
}

var emptyObject = []byte("{}\n")

var contentTypeJSON = []string{"application/json; charset=utf-8"}
