package server

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/authctl/authctl/authn"
)

// The error codes that exist only in HTTP.
const (
	codeInvalidRequest       = authn.CodeInvalidRequest
	codeNotFound             = authn.Code("not_found")
	codeMethodNotAllowed     = authn.Code("method_not_allowed")
	codeRequestTimeout       = authn.Code("request_timeout")
	codePayloadTooLarge      = authn.Code("payload_too_large")
	codeUnsupportedMediaType = authn.Code("unsupported_media_type")
	codeCrossOrigin          = authn.Code("cross_origin")
	codeMissingRole          = authn.Code("missing_role")
	codeUnsupportedGrant     = authn.Code("unsupported_grant_type") // RFC 6749, section 5.2, as the next
	codeInvalidScope         = authn.Code("invalid_scope")
)

// statuses maps each code to its HTTP status. It is the only such table.
var statuses = map[authn.Code]int{
	authn.CodeInvalidRequest:     http.StatusBadRequest,
	authn.CodeInvalidUsername:    http.StatusUnprocessableEntity,
	authn.CodeWeakPassword:       http.StatusUnprocessableEntity,
	authn.CodeUsernameTaken:      http.StatusConflict,
	authn.CodeRegistrationClosed: http.StatusForbidden,
	authn.CodeInvalidCredentials: http.StatusUnauthorized,
	authn.CodeUnauthenticated:    http.StatusUnauthorized,
	authn.CodeTokenExpired:       http.StatusUnauthorized,
	authn.CodeSessionExpired:     http.StatusUnauthorized,
	authn.CodeSessionRevoked:     http.StatusUnauthorized,
	authn.CodeSessionReused:      http.StatusUnauthorized,
	authn.CodeUserNotFound:       http.StatusNotFound,
	authn.CodeSessionNotFound:    http.StatusNotFound,
	authn.CodeClientNotFound:     http.StatusNotFound,
	authn.CodeClientNameTaken:    http.StatusConflict,
	authn.CodeClientChanged:      http.StatusConflict,
	authn.CodeInvalidClient:      http.StatusUnauthorized,
	authn.CodeNotAUser:           http.StatusForbidden,
	authn.CodeKeyNotFound:        http.StatusNotFound,
	authn.CodeNodeNotFound:       http.StatusNotFound,
	authn.CodeMailNotFound:       http.StatusNotFound,
	authn.CodeInvalidEmail:       http.StatusUnprocessableEntity,
	authn.CodeEmailTaken:         http.StatusConflict,
	authn.CodeEmailOff:           http.StatusForbidden,
	authn.CodeInvalidLink:        http.StatusBadRequest,
	authn.CodeRateLimited:        http.StatusTooManyRequests,
	authn.CodeOverloaded:         http.StatusServiceUnavailable,
	authn.CodeUnavailable:        http.StatusServiceUnavailable,
	authn.CodeSchema:             http.StatusServiceUnavailable,
	authn.CodeInternal:           http.StatusInternalServerError,

	codeNotFound:             http.StatusNotFound,
	codeMethodNotAllowed:     http.StatusMethodNotAllowed,
	codeRequestTimeout:       http.StatusRequestTimeout,
	codePayloadTooLarge:      http.StatusRequestEntityTooLarge,
	codeUnsupportedMediaType: http.StatusUnsupportedMediaType,
	codeCrossOrigin:          http.StatusForbidden,
	codeMissingRole:          http.StatusForbidden,
	codeUnknownClient:        http.StatusBadRequest,
	codeUnsupportedGrant:     http.StatusBadRequest,
	codeInvalidScope:         http.StatusBadRequest,
}

// The errors with a constant text.
var (
	errNotFound             = problem(codeNotFound, "there is nothing at this path")
	errMethodNotAllowed     = problem(codeMethodNotAllowed, "this path does not accept this method, see the Allow header")
	errRequestTimeout       = problem(codeRequestTimeout, "the body did not arrive in time")
	errPayloadTooLarge      = problem(codePayloadTooLarge, "the body is larger than 8 KiB")
	errUnsupportedMediaType = problem(codeUnsupportedMediaType, "send the body as Content-Type: application/json, in UTF-8 and without Content-Encoding")
	errNoForm               = problem(codeUnsupportedMediaType, "send the form as Content-Type: application/x-www-form-urlencoded, in UTF-8 and without Content-Encoding")
	errFormFields           = problem(codeInvalidRequest, "the form must have each field of the page once, in UTF-8, and no other")
	errNoPublicURL          = problem(codeNotFound, "the operator has to set server.public_url for this document; the keys are at "+jwksPath)
	errMissingRole          = problem(codeMissingRole, "the user has none of the roles that this needs")
	errClientMissesRole     = problem(codeMissingRole, "the client has none of the roles that this needs")
	errNotAUser             = problem(authn.CodeNotAUser, "this is for users, and the access token is that of a service account")
	errRole                 = problem(codeInvalidRequest, "each role in the query must have 1 to 64 characters of a-z 0-9 _ . : -")
	errRoleParameter        = problem(codeInvalidRequest, "the parameter that demands a role is called role; repeat it for several, role=a&role=b")
	errNoRolesInTokens      = problem(codeInvalidRequest, "this server cannot check a role, because tokens.claims_in_token is false")
	errDraining             = problem(authn.CodeUnavailable, "the server is shutting down")
)

const internalMessage = "something went wrong on our side, quote the request id when you report it"

// defaultRetryAfter is the Retry-After of a 503 or a 429 whose error does not give one.
const defaultRetryAfter = 5 * time.Second

func problem(code authn.Code, message string) *authn.Error {
	return &authn.Error{Code: code, Message: message}
}

// problemBody is the JSON form of every error.
type problemBody struct {
	Message   string         `json:"message"`
	Code      authn.Code     `json:"code"`
	Reason    authn.Weakness `json:"reason,omitempty"` // of weak_password
	RequestID string         `json:"request_id"`
}

// fail answers with an error, in the one form that all errors have.
func fail(x *exchange, err error) {
	status, body := report(x, err)
	answer(x, status, body)
}

// report sets the headers of an error's answer, records the error for the log, and returns the
// answer's status and body. An error that is not an [authn.Error], or whose code is not in the
// table, is answered as internal; its text appears only in the log.
func report(x *exchange, err error) (status int, body problemBody) {
	var e *authn.Error
	if !errors.As(err, &e) {
		e = &authn.Error{Code: authn.CodeInternal, Err: err}
	}
	status, known := statuses[e.Code]
	if !known {
		status = http.StatusInternalServerError
	}
	body = problemBody{Message: e.Message, Code: e.Code, Reason: e.Weakness, RequestID: x.requestID()}
	if status == http.StatusInternalServerError {
		body.Message, body.Code = internalMessage, authn.CodeInternal
	}
	h := x.Header()
	switch status {
	case http.StatusUnauthorized:
		h["Www-Authenticate"] = challenge
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		h.Set("Retry-After", retryAfter(e.RetryAfter))
	}
	x.code, x.cause = body.Code, e.Err
	if m := x.request.Method; m != http.MethodGet && m != http.MethodHead { // /readyz has its own answer
		x.server.authn.Cluster.NoteRefusedWrite(e.Err)
	}
	return status, body
}

var challenge = []string{`Bearer realm="authctl"`}

// retryAfter returns whole seconds, rounded up, at least 1.
func retryAfter(d time.Duration) string {
	if d <= 0 {
		d = defaultRetryAfter
	}
	return strconv.Itoa(int(math.Ceil(d.Seconds())))
}
