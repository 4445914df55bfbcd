package server

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/authctl/authctl/authn"
)

const verifyPath = "/verify"

// verify answers a proxy's question whether a request may pass, and which user or service account
// sends it. It accepts every method, and every path below its own, because proxies forward those of
// the original request. It reads no body, sets no cookie, and queries no database.
func (s *Server) verify(w http.ResponseWriter, r *http.Request) {
	x := w.(*exchange)
	x.route = verifyPath
	if r.ContentLength != 0 { // a proxy may forward the length without the body
		x.Header().Set("Connection", "close") // else net/http waits for the body
	}
	roles, err := s.rolesDemanded(r.URL)
	if err != nil {
		fail(x, err)
		return
	}
	who, err := x.identify()
	if err == nil && roles != nil && !who.HasRole(roles...) {
		err = errMissingRole
		if who.Client() != "" {
			err = errClientMissesRole
		}
	}
	if err != nil {
		fail(x, err)
		return
	}
	x.answers = [...]string{"", headerText(who.Username()), "", strings.ReplaceAll(who.Roles(), " ", ","), who.Client()}
	if who.Client() == "" { // a back end takes these for a person
		text := appendID(make([]byte, 0, 2*maxIDText), who.UserID())
		ids := string(appendID(text, who.SessionID()))
		x.answers[0], x.answers[2] = ids[:maxIDText], ids[maxIDText:]
	}
	h := x.Header()
	h["X-Auth-User-Id"], h["X-Auth-Username"], h["X-Auth-Session-Id"] = x.answers[0:1:1], x.answers[1:2:2], x.answers[2:3:3]
	h["X-Auth-Roles"] = x.answers[3:4:4] // also when it is empty, as all of them: some proxies would forward the client's own
	h["X-Auth-Client"] = x.answers[4:5:5]
	answer(x, http.StatusOK, none{})
}

// rolesDemanded returns the roles of which the user must have one, nil when any user may pass. Only
// the proxy's configuration may demand roles. So they are read at /verify itself: below it, and in
// the rest of a query, is what the client has sent.
func (s *Server) rolesDemanded(asked *url.URL) (roles []string, err error) {
	if asked.RawQuery == "" || asked.Path != verifyPath {
		return nil, nil
	}
	for part := range strings.SplitSeq(asked.RawQuery, "&") {
		key, value, _ := strings.Cut(part, "=")
		key, err := url.QueryUnescape(key)
		if err != nil {
			continue
		}
		if key != "role" {
			if misspeltRole(key) {
				return nil, errRoleParameter
			}
			continue
		}
		role, err := url.QueryUnescape(value)
		if err != nil || !authn.IsRole(role) {
			return nil, errRole
		}
		roles = append(roles, role)
	}
	if roles != nil && !s.authn.RolesInTokens() {
		return nil, errNoRolesInTokens
	}
	return roles, nil
}

// misspeltRole reports whether a parameter is meant to be role. Without the refusal of such a name,
// a proxy's demand would let everybody pass.
func misspeltRole(key string) bool {
	switch strings.ToLower(strings.TrimSuffix(key, "[]")) {
	case "role", "roles":
		return true
	default:
		return false
	}
}

// headerText encodes a name for a header: everything but visible ASCII, and the percent sign,
// becomes percent-encoded UTF-8.
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
