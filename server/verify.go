package server

import (
	"net/http"
	"strings"

	"github.com/authctl/authctl/authn"
)

// verify answers a proxy's question whether a request may pass, and whose it is. It
// takes every method and every path below its own, because proxies ask with those of
// the request in question, reads no body, sets no cookie, and asks no database.
func (s *Server) verify(w http.ResponseWriter, r *http.Request) {
	x := w.(*exchange)
	x.route = "/verify"
	if r.ContentLength != 0 { // a proxy may pass the length on and keep the body
		x.Header().Set("Connection", "close") // or net/http waits for it
	}
	who, err := x.identify()
	if err != nil {
		fail(x, err)
		return
	}
	h := x.Header()
	h.Set("X-Auth-User-Id", who.UserID.String())
	h.Set("X-Auth-Username", headerText(who.Username))
	h.Set("X-Auth-Session-Id", who.SessionID.String())
	answer(x, http.StatusOK, none{})
}

// identify checks the access token that came along, and notes for the log whose it is.
func (x *exchange) identify() (authn.Identity, error) {
	access, err := x.accessToken()
	if err != nil {
		return authn.Identity{}, err
	}
	who, err := x.server.authn.Verify(access)
	x.user, x.session = who.UserID, who.SessionID
	return who, err
}

// headerText writes a name as a header can hold it: what is not visible ASCII, and
// the percent sign, as percent-encoded UTF-8.
func headerText(s string) string {
	plain := true
	for _, c := range []byte(s) {
		plain = plain && c > ' ' && c < 0x7f && c != '%'
	}
	if plain {
		return s
	}
	var b strings.Builder
	for _, c := range []byte(s) {
		if c > ' ' && c < 0x7f && c != '%' {
			b.WriteByte(c)
			continue
		}
		const digits = "0123456789ABCDEF"
		b.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return b.String()
}

var errBearerRefused = problem(authn.CodeUnauthenticated, "the Authorization header must be Bearer and one access token")

// bearer returns the token of the Authorization header; found is false when there is
// none of that scheme, so that a proxy's own Basic does not stand in the way.
func bearer(h http.Header) (token string, found bool, err error) {
	for _, value := range h["Authorization"] {
		scheme, rest, _ := strings.Cut(value, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		rest = strings.TrimLeft(rest, " ")
		if found || rest == "" || strings.ContainsAny(rest, " \t,") {
			return "", true, errBearerRefused
		}
		token, found = rest, true
	}
	return token, found, nil
}
