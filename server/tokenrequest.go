package server

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/authctl/authctl/authn"
)

// tokenRequest is a request to /token with the grant client_credentials.
type tokenRequest struct{ client, secret string }

// The errors of requests to /token.
var (
	errTokenForm    = problem(codeInvalidRequest, "send a form, Content-Type: application/x-www-form-urlencoded in UTF-8 without Content-Encoding, such as grant_type=client_credentials; JSON is not accepted (RFC 6749)")
	errTokenQuery   = problem(codeInvalidRequest, "send all parameters in the body: the URL, which logs contain, must have no query")
	errTokenBody    = problem(codeInvalidRequest, "the body is not a form in UTF-8")
	errTokenTwice   = problem(codeInvalidRequest, "the body has a parameter twice")
	errNoGrant      = problem(codeInvalidRequest, "the parameter grant_type is missing: send grant_type=client_credentials")
	errGrant        = problem(codeUnsupportedGrant, "the only grant_type here is client_credentials; people sign in at /login")
	errScope        = problem(codeInvalidScope, "there are no scopes here, leave the parameter scope out: what a client may do is in its roles")
	errTwoWays      = problem(codeInvalidRequest, "send the client's secret once: either with HTTP Basic, or as client_id and client_secret in the body")
	errTwoClients   = problem(codeInvalidRequest, "the client_id in the body is not the one of HTTP Basic")
	errNoClient     = problem(authn.CodeInvalidClient, "send the client's name and secret, with HTTP Basic, or as client_id and client_secret in the body")
	errBasicRefused = problem(authn.CodeInvalidClient, "the Authorization header must be Basic, once, with the client's name and secret in base64, each form-encoded, and a colon between them (RFC 6749, section 2.3.1)")
)

// readTokenRequest reads a request strictly, as RFC 6749, section 3.2, says: unknown parameters are
// ignored, no parameter comes twice, and an empty one counts as absent. It returns the secret also
// with an error, if it has read one.
func readTokenRequest(x *exchange) (tokenRequest, error) {
	r := x.request
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		return tokenRequest{}, errTokenQuery
	}
	form, err := readTokenForm(x)
	if err != nil {
		return tokenRequest{}, err
	}
	in, found, err := basicClient(r.Header)
	switch id := form.Get("client_id"); {
	case err != nil:
		return tokenRequest{}, err
	case found && form.Has("client_secret"):
		return in, errTwoWays
	case found && id != "" && id != in.client:
		return in, errTwoClients
	case !found:
		in = tokenRequest{id, form.Get("client_secret")}
	}
	switch {
	case form.Get("grant_type") == "":
		return in, errNoGrant
	case form.Get("grant_type") != "client_credentials":
		return in, errGrant
	case in.client == "" || in.secret == "":
		return in, errNoClient
	case form.Get("scope") != "":
		return in, errScope
	}
	return in, nil
}

// readTokenForm reads the body.
func readTokenForm(x *exchange) (url.Values, error) {
	if err := sized(x, x.request); err != nil {
		return nil, err
	}
	if !declared(x.request.Header, "application/x-www-form-urlencoded") {
		return nil, errTokenForm
	}
	body, err := readAll(x, x.request)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errTokenBody
	}
	for name, values := range form {
		if len(values) > 1 {
			return nil, errTokenTwice
		}
		if !utf8.ValidString(name) || !utf8.ValidString(values[0]) {
			return nil, errTokenBody
		}
		if values[0] == "" {
			delete(form, name)
		}
	}
	return form, nil
}

// basicClient returns the client of HTTP Basic. found is false without an Authorization header. A
// secret has no colon, so the last one separates: then a name with colons may also come without the
// form-encoding that RFC 6749 demands and many programs omit.
func basicClient(h http.Header) (in tokenRequest, found bool, err error) {
	values := h["Authorization"]
	if len(values) == 0 {
		return tokenRequest{}, false, nil
	}
	scheme, encoded, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Basic") {
		return tokenRequest{}, true, errBasicRefused
	}
	pair, err := base64.StdEncoding.DecodeString(strings.TrimLeft(encoded, " "))
	colon := strings.LastIndexByte(string(pair), ':')
	if err != nil || colon < 0 {
		return tokenRequest{}, true, errBasicRefused
	}
	name, err := url.QueryUnescape(string(pair[:colon]))
	if err != nil || !utf8.ValidString(name) {
		return tokenRequest{}, true, errBasicRefused
	}
	secret, err := url.QueryUnescape(string(pair[colon+1:]))
	if err != nil || !utf8.ValidString(secret) {
		return tokenRequest{}, true, errBasicRefused
	}
	return tokenRequest{name, secret}, true, nil
}
