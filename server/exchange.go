package server

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
)

// The max lengths, in bytes, of values that are kept from a request.
const (
	maxLoggedMethod = 16
	maxLoggedPath   = 256
	maxUserAgent    = 256
	maxRequestID    = 64
)

// exchange is one request and its answer. It is the ResponseWriter that every handler gets, so the
// layers share state through it instead of the context.
type exchange struct {
	http.ResponseWriter
	server  *Server
	request *http.Request
	started time.Time
	method  string        // bounded, for the log
	path    string        // bounded, for the log
	id      [1]string     // the request id; an array, as those below, so that the header needs no new slice
	length  [1]string     // Content-Length
	answers [5]string     // the headers of a good answer of /verify
	client  netip.Addr    // zero for a peer without an address
	https   bool          // the client speaks HTTPS, possibly to a proxy
	caller  caller        // who calls the request's path
	route   string        // the route's pattern; "" until one matches
	twice   bool          // a token cookie came more than once
	app     *publicClient // the client that the request names; nil for none

	status int
	bytes  int64
	code   authn.Code   // the code of the answered error; "" for none
	cause  error        // the cause of that error, for the log
	steps  []authn.Step // the steps of a login, for the log

	asked []byte    // the fields that every line of the log has; nil until a line is logged
	room  [160]byte // for asked, unless it is long

	foreign string    // the origin of a refused request; "" for none
	user    uuid.UUID // the user, once known
	session uuid.UUID // the user's session, once known
	service string    // the service account, once known
}

// WriteHeader records the status and sends it.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= 200 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write sends and counts the bytes.
func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	n, err := x.ResponseWriter.Write(b)
	x.bytes += int64(n)
	return n, err
}

// Unwrap returns the underlying writer, for [http.ResponseController].
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *exchange) requestID() string { return x.id[0] }

// remote returns the client's address as text, "" for none.
func (x *exchange) remote() string {
	if !x.client.IsValid() {
		return ""
	}
	return x.client.String()
}

// actor returns the client as actor of the audit trail. The service adds the user once known.
func (x *exchange) actor() authn.Actor {
	return authn.Actor{
		Name:       "anonymous",
		RemoteAddr: x.remote(),
		UserAgent:  bounded(x.request.Header.Get("User-Agent"), maxUserAgent),
		RequestID:  x.requestID(),
		ClientID:   x.clientID(),
	}
}

// requestID returns the client's request id if it is harmless, and a new one otherwise.
func requestID(h http.Header) string {
	if ids := h["X-Request-Id"]; len(ids) == 1 && harmless(ids[0]) {
		return ids[0]
	}
	var b [16]byte
	rand.Read(b[:])
	var id [2 * len(b)]byte
	hex.Encode(id[:], b[:])
	return string(id[:])
}

// harmless reports whether s matches ^[A-Za-z0-9._-]{1,64}$.
func harmless(s string) bool {
	return len(s) <= maxRequestID && isTokenText(s)
}

// bounded cuts s to at most n bytes of valid UTF-8.
func bounded(s string, n int) string {
	if len(s) > n {
		s = s[:n]
		for i := 1; i < utf8.UTFMax && i <= len(s); i++ { // the cut may have split a rune
			if tail := s[len(s)-i:]; utf8.RuneStart(tail[0]) {
				if !utf8.FullRuneInString(tail) {
					s = s[:len(s)-i]
				}
				break
			}
		}
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
