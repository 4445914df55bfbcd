package server_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/server"
)

var ownRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// FuzzRequest sends the server anything that HTTP can read as a request. Every answer must
// have the documented form and hide internal errors.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		"GET /profile HTTP/1.1\r\nHost: x\r\nCookie: access_token=a.b.c; access_token=\"x\"\r\nAuthorization: Bearer a.b.c\r\n\r\n",
		"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 35\r\n\r\n{\"username\":\"alice\",\"password\":\"pw\"}",
		"POST /refresh HTTP/1.1\r\nHost: x\r\nCookie: refresh_token=AAAA\r\nX-Request-Id: a b\r\nOrigin: null\r\n\r\n",
		"DELETE /sessions/0b7e3c52-6f0d-4a55-9f0c-2f6f0f1c9a11 HTTP/1.1\r\nHost: x\r\n\r\n",
		"OPTIONS /login HTTP/1.1\r\nHost: x\r\nOrigin: https://a.shop.example\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: ,,,\r\n\r\n",
		"POST /logout HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"GET http://u@evil/verify/..//%2e%2e/%00?x=%zz HTTP/1.1\r\nHost: y\r\nX-Forwarded-For: 1.1.1.1, [::1]:80, x%eth0\r\nX-Forwarded-Proto: https,\r\n\r\n",
		"POST /verify-email HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 23\r\n\r\ntoken=%23token%3Dgood%zz",
		"GET /reset-password HTTP/1.1\r\nHost: x\r\nAccept-Language: de-CH;q=0.1,*;q=x\r\n\r\n",
		"POST /refresh HTTP/1.1\r\nHost: x\r\nAuthctl-Client: cli\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n{\"refresh_token\":\"AAAA\"}",
		"POST /logout HTTP/1.1\r\nHost: x\r\nAuthctl-Client: ext\r\nOrigin: " + extension + "\r\nAuthorization: Bearer a.b.c\r\nContent-Length: 2\r\n\r\n{}",
		"* * HTTP/1.1\r\nHost:\r\n\r\n", "GET /.well-known/jwks.json HTTP/1.0\r\nIf-None-Match: W/\"x\", *\r\nRange: bytes=0-\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	fix := start(f, allowing("https://good.example", "https://*.shop.example"), knowing(native("cli"), native("ext", extension)))
	h := fix.srv.Handler()
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(raw))))
		if err != nil {
			return
		}
		r.RemoteAddr = "192.0.2.1:4711"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code < 200 {
			t.Errorf("got %d: %s", w.Code, w.Body)
		}
		if id := w.Header().Get("X-Request-Id"); !ownRequestID.MatchString(id) {
			t.Errorf("the request id is %q", id)
		}
		for name, values := range w.Header() {
			if strings.ContainsAny(strings.Join(values, ""), "\r\n\x00") {
				t.Errorf("%s is %q", name, values)
			}
		}
		if w.Header().Get("Location") != "" || w.Header().Get("X-Frame-Options") != "DENY" {
			t.Errorf("the headers are %v", w.Header())
		}
		page := w.Header().Get("Content-Type") == "text/html; charset=utf-8" && strings.HasPrefix(w.Body.String(), "<!doctype html>")
		if w.Body.Len() > 0 && !page && !json.Valid(w.Body.Bytes()) {
			t.Errorf("the body is %q", w.Body)
		}
	})
}

// FuzzAuthorization: the only accepted value of the header is Bearer and one token.
func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{"Bearer a.b.c", "bearer   a.b.c", "Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Basic a", "Bearer\ta", "BEARER \x00", "Bearer a\nBearer b", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, values string) {
		all := strings.Split(values, "\n")
		token, found, err := server.Bearer(http.Header{"Authorization": all})
		bearers := 0
		for _, value := range all {
			if scheme, _, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "Bearer") {
				bearers++
			}
		}
		switch {
		case found != (bearers > 0):
			t.Errorf("found %t among %d", found, bearers)
		case err == nil && bearers > 1:
			t.Errorf("took %q of %d", token, bearers)
		case err == nil && found && (token == "" || strings.ContainsAny(token, " \t,") || !strings.Contains(values, token)):
			t.Errorf("took %q", token)
		case err != nil && token != "":
			t.Errorf("refused, and returned %q", token)
		}
	})
}

// FuzzCookies: a cookie of authctl is accepted only if it occurs once and unquoted. Another
// cookie parser says what the request contains.
func FuzzCookies(f *testing.F) {
	for _, seed := range []string{
		"refresh_token=a", "refresh_token=a; refresh_token=b", `refresh_token="a"`, "refresh_token", "refresh_token=", "Refresh_Token=a", " refresh_token = a",
		"a=b,refresh_token=c", "refresh_token=a=b", "refresh_token=a\nrefresh_token=b", "$Version=1; refresh_token=a; $Path=/", "=refresh_token=a", ";;;", "refresh_token=\x7f",
	} {
		f.Add(seed)
	}
	fix := start(f)
	f.Fuzz(func(t *testing.T, lines string) {
		r := httptest.NewRequest("POST", "/refresh", nil)
		r.Header["Cookie"] = strings.Split(lines, "\n")
		token, err := fix.srv.RefreshTokenOf(r)
		if err != nil {
			if token != "" {
				t.Errorf("refused, and returned %q", token)
			}
			return
		}
		if token == "" {
			return
		}
		var plain []string
		for _, line := range r.Header["Cookie"] {
			for pair := range strings.SplitSeq(line, ";") {
				name, value, _ := strings.Cut(strings.Trim(pair, " \t\r\n"), "=")
				if strings.Trim(name, " \t\r\n") == "refresh_token" && !strings.ContainsFunc(value, notInCookies) {
					plain = append(plain, value)
				}
			}
		}
		if !slices.Equal(plain, []string{token}) {
			t.Errorf("took %q of %q", token, plain)
		}
	})
}

// notInCookies is the set of characters that RFC 6265 forbids in a value, except space and
// comma.
func notInCookies(r rune) bool { return r < ' ' || r >= 0x7f || strings.ContainsRune(`";\`, r) }

// FuzzOrigin: a page may call only if scheme, host and port of its origin are allowed.
// Whatever the configuration accepts is an origin.
func FuzzOrigin(f *testing.F) {
	for _, seed := range []string{
		"https://good.example", "https://a.shop.example", "https://a.b.shop.example", "https://shop.example", "https://evil/.shop.example", "https://u@a.shop.example",
		extension, extension + "/", "CHROME" + extension[6:], "capacitor://localhost", "",
		"http://a.shop.example", "https://a.shop.example:443", "https://a.shop.example.", "null", "https://good.example\x00", "https://xn--a.shop.example", "https://*.example.com",
	} {
		f.Add(seed)
	}
	fix := start(f, allowing("https://good.example", "https://*.shop.example"))
	apps := start(f, allowing("https://good.example", "https://*.shop.example"), knowing(native("ext", extension)))
	f.Fuzz(func(t *testing.T, origin string) {
		page := httptest.NewRequest("POST", "/refresh", strings.NewReader(`{"refresh_token":"AAAA"}`))
		page.Header = http.Header{"Origin": strings.Split(origin, "\n"), "Authctl-Client": {"ext"}, "Content-Type": {"application/json"}}
		answered := httptest.NewRecorder()
		apps.srv.Handler().ServeHTTP(answered, page)
		if taken := answered.Code == http.StatusUnauthorized; taken != (origin == extension) { // others may not send a token in a body
			t.Errorf("a page of %q as a native client: got %d %s", origin, answered.Code, answered.Body)
		}
		r := httptest.NewRequest("OPTIONS", "/login", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		w := httptest.NewRecorder()
		fix.srv.Handler().ServeHTTP(w, r)
		if granted := w.Header().Get("Access-Control-Allow-Origin"); granted != "" {
			u, err := url.Parse(granted)
			if granted != origin || err != nil || u.Scheme != "https" || u.Port() != "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" ||
				u.Host != "good.example" && !strings.HasSuffix(u.Host, ".shop.example") || u.String() != origin {
				t.Errorf("%q may call", origin)
			}
		}
		if server.CheckAllowedOrigin(origin) == nil {
			u, err := url.Parse(strings.Replace(origin, "://*.", "://x.", 1))
			if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != strings.Replace(origin, "://*.", "://x.", 1) {
				t.Errorf("%q may be configured", origin)
			}
		}
	})
}

// FuzzSessionID tries to end sessions by their id. A user can end only the user's own
// sessions, and only with the canonical spelling of the id.
func FuzzSessionID(f *testing.F) {
	fix := start(f)
	b := fix.signedIn("alice")
	current, _ := b.own(f)
	for _, seed := range []string{strings.ToUpper(current), "{" + current + "}", "urn:uuid:" + current, strings.ReplaceAll(current, "-", ""), current + "/", "0b7e3c52-6f0d-4a55-9f0c-2f6f0f1c9a11", "", "..", "' OR 1=1 --"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if id == current {
			return
		}
		r := httptest.NewRequest("DELETE", "/sessions/x", nil)
		r.URL.Path, r.URL.RawPath = "/sessions/"+id, ""
		r.Header.Set("Cookie", "access_token="+b.cookies["access_token"])
		w := httptest.NewRecorder()
		fix.srv.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusNotFound && !(id == "" && w.Code == http.StatusMethodNotAllowed) {
			t.Errorf("%q: got %d: %s", id, w.Code, w.Body)
		}
		if _, err := fix.svc.Verify(b.cookies["access_token"]); err != nil {
			t.Fatalf("%q ended the session: %v", id, err)
		}
	})
}
