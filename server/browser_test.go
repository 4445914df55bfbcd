package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/authn"
)

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// request is what is sent; zero fields are left out.
type request struct {
	method, path string
	body         string
	header       map[string]string // Host sets the host
	cookies      string            // the Cookie header as it is
	chunked      bool
}

// send sends one request on a pooled connection, and compares the answer with the OpenAPI
// document.
func (f *fixture) send(r request) answer {
	f.t.Helper()
	var body io.Reader
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	if r.chunked {
		body = io.MultiReader(body) // hides the length
	}
	req, err := http.NewRequestWithContext(context.Background(), r.method, "http://"+f.addr+r.path, body)
	if err != nil {
		f.t.Fatal(err)
	}
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.header {
		req.Header[http.CanonicalHeaderKey(name)] = []string{value}
		if value == "" {
			delete(req.Header, http.CanonicalHeaderKey(name))
		}
	}
	if host := r.header["Host"]; host != "" {
		req.Host = host
	}
	if r.cookies != "" {
		req.Header.Set("Cookie", r.cookies)
	}
	f.noteRequest(req, r.body)
	a := f.do(req)
	if sent, ok := accountOf(r.body); ok && r.path == "/login" && a.status == http.StatusUnauthorized {
		f.noteSecret(sent.Username) // which may be a password that somebody typed into the wrong field
	}
	return a
}

func (f *fixture) do(req *http.Request) answer {
	f.t.Helper()
	resp, err := f.client.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: body}
	f.noteAnswer(a)
	f.tokensInCookiesOnly(req, a)
	f.conforms(req, a)
	return a
}

// tokensInCookiesOnly checks that no token, sent or new, is in another header or the body of
// an answer, and that browsers keep the cookies (RFC 6265bis, section 5.6: 4,096 bytes).
func (f *fixture) tokensInCookiesOnly(req *http.Request, a answer) {
	f.t.Helper()
	elsewhere := a.header.Clone()
	elsewhere.Del("Set-Cookie")
	text := answer{header: elsewhere, body: a.body}.String()
	for _, c := range append(req.Cookies(), setCookies(a)...) {
		if len(c.Value) >= shortest && strings.Contains(text, c.Value) {
			f.t.Errorf("%s %s: the value of %s is in the answer: %s", req.Method, req.URL.Path, c.Name, text)
		}
	}
	for _, c := range setCookies(a) {
		if n := len(c.Name) + len(c.Value); n > 4096 {
			f.t.Errorf("%s %s: %s has %d bytes", req.Method, req.URL.Path, c.Name, n)
		}
	}
}

func setCookies(a answer) []*http.Cookie { return (&http.Response{Header: a.header}).Cookies() }

// account is a body of /register or /login.
func account(username, password string) string {
	b, _ := json.Marshal(map[string]string{"username": username, "password": password})
	return string(b)
}

// code returns the code of an error answer.
func (a answer) code() string {
	var p struct{ Code string }
	_ = json.Unmarshal(a.body, &p)
	return p.Code
}

// want fails the test unless the answer has this status, and this code if it is not empty.
func (a answer) want(t testing.TB, status int, code ...authn.Code) answer {
	t.Helper()
	if a.status != status || len(code) > 0 && a.code() != string(code[0]) {
		t.Fatalf("got %d %s, want %d %v", a.status, a.body, status, code)
	}
	return a
}

// cleared reports whether the answer clears both cookies.
func (a answer) cleared() bool {
	cookies := setCookies(a)
	return len(cookies) == 2 && !slices.ContainsFunc(cookies, func(c *http.Cookie) bool {
		return c.MaxAge >= 0 || c.Value != ""
	})
}

// clears returns the names of the cookies that the answer clears, in their order.
func (a answer) clears() (names []string) {
	for _, c := range setCookies(a) {
		if c.MaxAge < 0 && c.Value == "" {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	return names
}

// browser keeps cookies as a browser does.
type browser struct {
	f       *fixture
	name    string // of the user that signedIn made
	cookies map[string]string
}

func (f *fixture) browser() *browser { return &browser{f: f, cookies: map[string]string{}} }

// signedIn returns a browser that has just signed in, and its user.
func (f *fixture) signedIn(username string) *browser {
	f.t.Helper()
	b := f.browser()
	b.name = username
	b.post("/register", account(username, password)).want(f.t, http.StatusCreated)
	b.post("/login", account(username, password)).want(f.t, http.StatusOK)
	return b
}

func (b *browser) post(path, body string) answer {
	b.f.t.Helper()
	return b.send(request{method: "POST", path: path, body: body})
}

func (b *browser) get(path string) answer {
	b.f.t.Helper()
	return b.send(request{method: "GET", path: path})
}

func (b *browser) send(r request) answer {
	b.f.t.Helper()
	var pairs []string
	for name, value := range b.cookies {
		pairs = append(pairs, name+"="+value)
	}
	r.cookies = strings.Join(pairs, "; ")
	a := b.f.send(r)
	for _, c := range setCookies(a) {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return a
}

// token returns the refresh token that the browser would send to /refresh.
func (b *browser) token() string { return b.cookies["refresh_token"] }

// refresh sends any refresh token, and ignores the cookies of the answer.
func (f *fixture) refresh(token string) answer {
	f.t.Helper()
	return f.send(request{method: "POST", path: "/refresh", cookies: "refresh_token=" + token})
}

// profile sends any access token to /profile.
func (f *fixture) profile(token string) answer {
	f.t.Helper()
	return f.send(request{method: "GET", path: "/profile", cookies: "access_token=" + token})
}

// cookie returns the value that an answer sets, "" when it sets none.
func (a answer) cookie(name string) string {
	for _, c := range setCookies(a) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (a answer) String() string { return fmt.Sprintf("%d %v %s", a.status, a.header, a.body) }
