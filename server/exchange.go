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

// Longest values that are kept of what a client sends, in bytes.
const (
	maxLoggedMethod = 16
	maxLoggedPath   = 256
	maxUserAgent    = 256
	maxRequestID    = 64
)

// exchange is one request and its answer. It is the ResponseWriter that every
// handler gets, so what the layers share travels with it and needs no context.
type exchange struct {
	http.ResponseWriter
	server  *Server
	request *http.Request
	started time.Time
	id      [1]string  // as the header's value, so that echoing it needs no slice
	client  netip.Addr // zero for a peer without an address
	remote  string     // the same, as text; "" for none
	https   bool       // the client's side of the connection is encrypted
	caller  caller     // who calls its path
	route   string     // pattern, "" while unmatched
	twice   bool       // a token cookie that was read came more than once

	status int
	bytes  int64
	code   authn.Code   // of the error that was answered, "" for none
	cause  error        // behind that error, for the log
	steps  []authn.Step // of a login

	foreign string    // the origin that a refused request came from, "" for none
	user    uuid.UUID // who asked, once it is known
	session uuid.UUID // with which session
}

// WriteHeader notes the status.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= 200 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	n, err := x.ResponseWriter.Write(b)
	x.bytes += int64(n)
	return n, err
}

// Unwrap serves [http.ResponseController].
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *exchange) requestID() string { return x.id[0] }

// actor is who asks, for the audit trail. The service puts the user's name to
// it once it knows.
func (x *exchange) actor() authn.Actor {
	return authn.Actor{
		Name:       "anonymous",
		RemoteAddr: x.remote,
		UserAgent:  bounded(x.request.Header.Get("User-Agent"), maxUserAgent),
		RequestID:  x.requestID(),
	}
}

// requestID keeps the client's id when it is harmless, and makes one otherwise.
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
	if s == "" || len(s) > maxRequestID {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// bounded cuts s to at most n bytes of valid UTF-8.
func bounded(s string, n int) string {
	if len(s) > n {
		s = s[:n]
		for i := 1; i < utf8.UTFMax && i <= len(s); i++ { // a rune that the cut halved
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
