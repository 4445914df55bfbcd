package server_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/authctl/authctl/authn"
)

// The endpoints that take a POST: from anyone, and from a signed-in user.
var (
	openPosts = []string{"/register", "/login", "/logout", "/refresh", "/password/forgot", "/password/reset", "/email/verify"}
	ownPosts  = []string{"/password/change", "/email/change", "/email/resend"}
)

// TestHostileSizeAndShape sends bodies that are too large, too slow or of another type. What
// 100 MB do to a whole process is tested with the binary.
func TestHostileSizeAndShape(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]func(*testing.T){
		"a body up to the cap and beyond":          bodiesUpToTheCap,
		"a password of 257 code points":            passwordsUpToTheCap,
		"no object of the declared fields":         notTheDeclaredFields,
		"a body where none is declared":            bodiesWhereNoneIsDeclared,
		"another content type or encoding":         otherContentTypes,
		"a body of a signed-in user":               bodiesOfUsers,
		"100-continue with an oversize length":     oversizeAfterContinue,
		"a body that stops, and one that trickles": slowBodies,
		"a chunk that is none":                     brokenChunk,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row(t)
		})
	}
}

func bodiesUpToTheCap(t *testing.T) {
	f := start(t)
	pad := func(size int) string {
		return account("alice", password) + strings.Repeat(" ", size-len(account("alice", password)))
	}
	for name, body := range map[string]string{
		"one byte more":               pad(8<<10 + 1),
		"1 MB":                        pad(1 << 20),
		"20 MB":                       pad(20 << 20),
		"a password of 1 MB":          account("alice", strings.Repeat("p", 1<<20)),
		"10,000 combining marks":      account("alice", "e"+strings.Repeat("\u0301", 10_000)),
		"nesting 10,001 deep":         strings.Repeat("[", 10_001),
		"a hundred thousand keys":     `{` + strings.Repeat(`"k":0,`, 100_000) + `"k":0}`,
		"a number of 8 KiB of digits": `{"username":` + strings.Repeat("9", 8<<10) + `,"password":"x"}`,
	} {
		for _, chunked := range []bool{false, true} {
			for _, path := range openPosts {
				t.Run(fmt.Sprintf("%s to %s, chunked %t", name, path, chunked), func(t *testing.T) {
					a := f.tooLarge(request{method: "POST", path: path, body: body, chunked: chunked})
					a.want(t, http.StatusRequestEntityTooLarge, "payload_too_large")
					if a.header.Get("Connection") != "close" {
						t.Error("the connection stays open")
					}
				})
			}
		}
	}
	f.untouched(t)
	f.send(request{method: "POST", path: "/register", body: pad(8 << 10)}).want(t, http.StatusCreated)
	f.send(request{method: "POST", path: "/login", body: pad(8 << 10), chunked: true}).want(t, http.StatusOK)
}

// passwordsUpToTheCap: a password that no account can have costs no hash, whether the user
// exists or not.
func passwordsUpToTheCap(t *testing.T) {
	f := start(t)
	f.signedIn("alice")
	for name, password := range map[string]string{
		"257 letters":             strings.Repeat("p", 257),
		"1,028 bytes":             strings.Repeat("🦊", 257),
		"4,000 combining marks":   "e" + strings.Repeat("\u0301", 4000),
		"257 after composing":     strings.Repeat("e\u0301", 257),
		"8 KiB, nearly all of it": strings.Repeat("p", 8000),
	} {
		t.Run(name, func(t *testing.T) {
			before := f.svc.HashStats().Run
			f.send(request{method: "POST", path: "/register", body: account("bob", password)}).
				want(t, http.StatusUnprocessableEntity, authn.CodeWeakPassword)
			known := f.send(request{method: "POST", path: "/login", body: account("alice", password), header: map[string]string{"X-Request-Id": "same"}})
			unknown := f.send(request{method: "POST", path: "/login", body: account("nobody", password), header: map[string]string{"X-Request-Id": "same"}})
			known.want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
			if string(known.body) != string(unknown.body) || known.status != unknown.status {
				t.Errorf("got %s for a user, %s for nobody", known, unknown)
			}
			if got := f.svc.HashStats().Run - before; got != 0 {
				t.Errorf("%d hashes were computed, want none", got)
			}
		})
	}
	for name, password := range map[string]string{
		"256-letters": strings.Repeat("pq-rs ", 42) + "tuvw",
		"256-emoji":   strings.Repeat("🦊🌵🎻🪐🧊", 51) + "🍄",
		"composing":   strings.Repeat("e\u0301a\u0301o\u0301u\u0301i\u0301x", 42) + "abcd",
	} {
		t.Run(name, func(t *testing.T) {
			f.send(request{method: "POST", path: "/register", body: account(name, password)}).want(t, http.StatusCreated)
			f.send(request{method: "POST", path: "/login", body: account(name, password)}).want(t, http.StatusOK)
			_, last := utf8.DecodeLastRuneInString(password)
			cut := password[:len(password)-last]
			f.send(request{method: "POST", path: "/login", body: account(name, cut)}).want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
		})
	}
}

func notTheDeclaredFields(t *testing.T) {
	f := start(t)
	deep := strings.Repeat("[", 4000)
	rows := map[string]refusal{
		"no body":                 {"", "empty"},
		"blank":                   {"  ", "empty"},
		"empty object":            {`{}`, `"username" is required`},
		"null":                    {`null`, "not a JSON object"},
		"array":                   {`[]`, "not a JSON object"},
		"string":                  {`""`, "not a JSON object"},
		"number":                  {`0`, "not a JSON object"},
		"bool":                    {`true`, "not a JSON object"},
		"no username":             {`{"password":"x"}`, `"username" is required`},
		"no password":             {`{"username":"x"}`, `"password" is required`},
		"huge number":             {`{"username":1e999999,"password":"x"}`, `"username" must be a string`},
		"a number of many digits": {`{"username":` + strings.Repeat("9", 8000) + `,"password":"x"}`, `"username" must be a string`},
		"deep nesting":            {deep, "not a JSON object"},
		"deep nesting in a field": {`{"username":` + deep, ""},
		"many keys":               {`{` + strings.Repeat(`"k":0,`, 1000) + `"k":0}`, "unknown field"},
	}
	for name, value := range map[string]string{"null": `null`, "a number": `1`, "a bool": `true`, "an array": `["alice"]`, "an object": `{}`} {
		says := "must be a string"
		rows["username of "+name] = refusal{`{"username":` + value + `,"password":"x"}`, `"username" ` + says}
		rows["password of "+name] = refusal{`{"username":"x","password":` + value + `}`, `"password" ` + says}
	}
	for _, field := range []string{"username", "password"} {
		row := rows[field+" of null"]
		row.says = `"` + field + `" is required`
		rows[field+" of null"] = row
	}
	f.refuses(t, rows)
	f.untouched(t)
}

func bodiesWhereNoneIsDeclared(t *testing.T) {
	f := start(t)
	for name, tt := range map[string]struct {
		request
		status int
	}{
		"no body":                 {request{}, http.StatusOK},
		"no body, declared JSON":  {request{header: map[string]string{"Content-Type": "application/json"}}, http.StatusOK},
		"no body, declared text":  {request{header: map[string]string{"Content-Type": "text/plain"}}, http.StatusOK},
		"an empty object":         {request{body: "{}"}, http.StatusOK},
		"an empty object, spaced": {request{body: " { } ", chunked: true}, http.StatusOK},
		"array":                   {request{body: "[]"}, http.StatusBadRequest},
		"null":                    {request{body: "null"}, http.StatusBadRequest},
		"string":                  {request{body: `""`}, http.StatusBadRequest},
		"number":                  {request{body: "0"}, http.StatusBadRequest},
		"bool":                    {request{body: "true"}, http.StatusBadRequest},
		"blank":                   {request{body: " "}, http.StatusBadRequest},
		"a field":                 {request{body: `{"refresh_token":"x"}`}, http.StatusBadRequest},
		"an object of no type":    {request{body: "{}", header: map[string]string{"Content-Type": ""}}, http.StatusUnsupportedMediaType},
	} {
		t.Run(name, func(t *testing.T) {
			r := tt.request
			r.method, r.path = "POST", "/logout"
			f.send(r).want(t, tt.status)
			r.path = "/refresh"
			want := tt.status
			if want == http.StatusOK {
				want = http.StatusUnauthorized // for there is no cookie
			}
			f.send(r).want(t, want)
			r.method, r.path = "GET", "/healthz"
			f.send(r).want(t, tt.status)
		})
	}
}

func otherContentTypes(t *testing.T) {
	f := start(t)
	for _, header := range []map[string]string{
		{"Content-Type": ""},
		{"Content-Type": "text/plain"},
		{"Content-Type": "application/x-www-form-urlencoded"},
		{"Content-Type": "multipart/form-data; boundary=x"},
		{"Content-Type": "application/json; charset=utf-16"},
		{"Content-Type": "application/json; charset=utf-8; x=y"},
		{"Content-Type": "application/json; x=y"},
		{"Content-Type": "application/jsonx"},
		{"Content-Type": "application/problem+json"},
		{"Content-Type": "application/json, text/html"},
		{"Content-Encoding": "gzip"},
		{"Content-Encoding": "br"},
		{"Content-Encoding": "deflate"},
		{"Content-Encoding": "zstd"},
		{"Content-Encoding": "identity, deflate"},
	} {
		t.Run(fmt.Sprint(header), func(t *testing.T) {
			for _, path := range openPosts {
				body := "{}"
				if path != "/logout" && path != "/refresh" {
					body = account("alice", password)
				}
				f.send(request{method: "POST", path: path, body: body, header: header}).
					want(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
			}
		})
	}
	f.untouched(t)
	for i, header := range []map[string]string{
		{"Content-Type": "application/json;charset=UTF-8"},
		{"Content-Type": `Application/JSON; charset="utf-8"`},
		{"Content-Encoding": "identity"},
	} {
		name := string(rune('a' + i))
		f.send(request{method: "POST", path: "/register", body: account(name, password), header: header}).want(t, http.StatusCreated)
	}
}

// bodiesOfUsers: the body of a request without a token is not read.
func bodiesOfUsers(t *testing.T) {
	f := start(t)
	b := f.signedIn("alice")
	hashes := f.svc.HashStats().Run
	requests := []request{{method: "DELETE", path: "/profile"}}
	for _, path := range ownPosts {
		requests = append(requests, request{method: "POST", path: path})
	}
	for _, r := range requests {
		r.body = `{"current_password":"` + strings.Repeat("p", 8<<10) + `"}`
		b.send(r).want(t, http.StatusRequestEntityTooLarge, "payload_too_large")
		r.body = "[]"
		b.send(r).want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
		for _, media := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
			r.header = map[string]string{"Content-Type": media}
			b.send(r).want(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
		}
		f.raw(t, r.method+" "+r.path+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\nExpect: 100-continue\r\n\r\n").
			want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
	}
	b.get("/profile").want(t, http.StatusOK)
	if got := f.svc.HashStats().Run - hashes; got != 0 {
		t.Errorf("%d hashes were computed, want none", got)
	}
}

func oversizeAfterContinue(t *testing.T) {
	f := start(t)
	for _, path := range openPosts {
		f.raw(t, "POST "+path+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\nExpect: 100-continue\r\n\r\n").
			want(t, http.StatusRequestEntityTooLarge, "payload_too_large")
	}
	if a := f.raw(t, "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: the-unexpected\r\n\r\n"); a.status != http.StatusExpectationFailed {
		t.Errorf("another expectation: got %s, want 417", a)
	}
}

func slowBodies(t *testing.T) {
	// The headers have their time, however slow this machine is.
	f := start(t, func(s *setup) { s.timeouts = [2]time.Duration{10 * time.Second, 600 * time.Millisecond} })
	for _, framing := range []string{"Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"} {
		head := "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + framing
		a := f.raw(t, head)
		a.want(t, http.StatusRequestTimeout, "request_timeout")
		if a.header.Get("Connection") != "close" {
			t.Error("the connection stays open")
		}
		conn := f.dial(t)
		if _, err := io.WriteString(conn, head); err != nil {
			t.Fatal(err)
		}
		more := " "
		if strings.Contains(framing, "chunked") {
			more = "1\r\n \r\n"
		}
		for err := error(nil); err == nil; time.Sleep(100 * time.Millisecond) { // until it is cut off
			_, err = io.WriteString(conn, more)
		}
	}
	f.untouched(t)
}

func brokenChunk(t *testing.T) {
	f := start(t)
	f.raw(t, "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").
		want(t, http.StatusBadRequest, "invalid_request")
	f.untouched(t)
}
