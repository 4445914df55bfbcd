package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

func TestABodyThatIsNotOneObjectOfTheDeclaredFieldsIsRefused(t *testing.T) {
	t.Parallel()
	f := start(t)
	deep := strings.Repeat("[", 4000)
	for _, tt := range []struct{ name, body, says string }{
		{"empty object", `{}`, `"username" is required`},
		{"blank", "  ", "empty"},
		{"null", `null`, "not a JSON object"},
		{"array", `[]`, "not a JSON object"},
		{"string", `""`, "not a JSON object"},
		{"number", `0`, "not a JSON object"},
		{"bool", `true`, "not a JSON object"},
		{"null field", `{"username":null,"password":"x"}`, `"username" is required`},
		{"missing field", `{"username":"x"}`, `"password" is required`},
		{"number field", `{"username":1,"password":"x"}`, `"username" must be a string`},
		{"bool field", `{"username":"x","password":true}`, `"password" must be a string`},
		{"array field", `{"username":["alice"],"password":"x"}`, `"username" must be a string`},
		{"object field", `{"username":{},"password":"x"}`, `"username" must be a string`},
		{"huge number", `{"username":1e999999,"password":"x"}`, `"username" must be a string`},
		{"deep nesting", deep, "not a JSON object"},
		{"deep nesting in a field", `{"username":` + deep, ""},
		{"many keys", `{` + strings.Repeat(`"k":0,`, 1000) + `"k":0}`, "not known"},
		{"duplicate", `{"username":"x","password":"a","password":"b"}`, `"password" is given twice`},
		{"case twin", `{"username":"x","password":"a","PASSWORD":"b"}`, "not known"},
		{"other case", `{"username":"x","PASSWORD":"a"}`, "not known"},
		{"long s", `{"username":"x","paſſword":"a"}`, "not known"},
		{"unknown: role", `{"username":"x","password":"a","role":"admin"}`, "not known"},
		{"unknown: id", `{"username":"x","password":"a","id":"1"}`, "not known"},
		{"unknown: __proto__", `{"username":"x","password":"a","__proto__":{}}`, "not known"},
		{"two objects", `{"username":"x","password":"a"}{"username":"x","password":"a"}`, "not valid JSON"},
		{"trailing word", `{"username":"x","password":"a"} xyz`, "not valid JSON"},
		{"trailing comma after", `{"username":"x","password":"a"},`, "not valid JSON"},
		{"trailing comma within", `{"username":"x","password":"a",}`, "not valid JSON"},
		{"byte order mark", "\uFEFF" + `{"username":"x","password":"a"}`, "byte order mark"},
		{"comment", `{"username":"x",/* */"password":"a"}`, "not valid JSON"},
		{"single quotes", `{'username':'x','password':'a'}`, "not valid JSON"},
		{"NaN", `{"username":NaN,"password":"a"}`, "not valid JSON"},
		{"escaped NUL", `{"username":"x","password":"a\u0000b"}`, `"password" must not contain`},
		{"escaped U+FFFD", `{"username":"x","password":"a\ufffdb"}`, `"password" must not contain`},
		{"literal U+FFFD", "{\"username\":\"x\",\"password\":\"a\uFFFDb\"}", `"password" must not contain`},
		{"high surrogate", `{"username":"x","password":"a\ud800b"}`, "not valid JSON"},
		{"low surrogate", `{"username":"x","password":"a\udc00b"}`, "not valid JSON"},
		{"invalid byte", "{\"username\":\"x\",\"password\":\"a\xffb\"}", "not valid UTF-8"},
		{"overlong", "{\"username\":\"x\",\"password\":\"a\xc0\xafb\"}", "not valid UTF-8"},
		{"truncated rune", "{\"username\":\"x\",\"password\":\"a\xe2\x82\"}", "not valid UTF-8"},
		{"control character", "{\"username\":\"x\",\"password\":\"a\nb\"}", "not valid JSON"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "not valid UTF-8"},
	} {
		for _, path := range []string{"/register", "/login"} {
			a := f.send(request{method: "POST", path: path, body: tt.body})
			if a.status != http.StatusBadRequest || a.code() != string(authn.CodeInvalidRequest) {
				t.Errorf("%s to %s: got %s, want 400 invalid_request", tt.name, path, a)
			}
			var problem struct{ Message string }
			if err := json.Unmarshal(a.body, &problem); err != nil || !strings.Contains(problem.Message, tt.says) {
				t.Errorf("%s to %s: the message is %q, want it to say %q", tt.name, path, problem.Message, tt.says)
			}
			if strings.Contains(problem.Message, "text") || strings.Contains(problem.Message, "server.") {
				t.Errorf("%s to %s: the message %q names Go types", tt.name, path, problem.Message)
			}
		}
	}
	f.untouched(t)
}

// untouched fails the test if anything was hashed or stored.
func (f *fixture) untouched(t *testing.T) {
	t.Helper()
	if n := f.svc.HashStats().Run; n != 0 {
		t.Errorf("%d hashes were computed, want none", n)
	}
	if users, err := f.svc.Users(t.Context(), store.UserPage{Limit: 1}); err != nil || len(users) != 0 {
		t.Errorf("users are %v, %v, want none", users, err)
	}
}

func TestABodyMayBeSpacedAndEscaped(t *testing.T) {
	t.Parallel()
	f := start(t)
	body := "\r\n\t {\"\\u0075sername\" : \"\\u0061lice\", \"password\":\"" + password + "\"} \n"
	f.send(request{method: "POST", path: "/register", body: body}).want(t, http.StatusCreated)
	f.send(request{method: "POST", path: "/login", body: account("alice", password)}).want(t, http.StatusOK)
}

func TestABodyIsReadUpToItsCapAndNoFurther(t *testing.T) {
	t.Parallel()
	f := start(t)
	pad := func(size int) string {
		return account("alice", password) + strings.Repeat(" ", size-len(account("alice", password)))
	}
	for _, chunked := range []bool{false, true} {
		for _, size := range []int{8<<10 + 1, 1 << 20, 20 << 20} {
			for _, path := range []string{"/register", "/login", "/logout", "/refresh"} {
				a := f.tooLarge(request{method: "POST", path: path, body: pad(size), chunked: chunked})
				a.want(t, http.StatusRequestEntityTooLarge, "payload_too_large")
				if a.header.Get("Connection") != "close" {
					t.Errorf("%d bytes to %s, chunked %t: the connection stays open", size, path, chunked)
				}
			}
		}
	}
	f.untouched(t)
	f.send(request{method: "POST", path: "/register", body: pad(8 << 10)}).want(t, http.StatusCreated)
}

func TestOnlyPlainJSONIsTaken(t *testing.T) {
	t.Parallel()
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
		{"Content-Encoding": "identity, deflate"},
	} {
		for _, path := range []string{"/register", "/login"} {
			f.send(request{method: "POST", path: path, body: account("alice", password), header: header}).
				want(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
		}
		for _, path := range []string{"/logout", "/refresh"} {
			f.send(request{method: "POST", path: path, body: "{}", header: header}).
				want(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
		}
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

func TestAnEndpointWithoutFieldsTakesNoBodyOrAnEmptyObject(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, tt := range []struct {
		request
		status int
	}{
		{request{}, http.StatusOK},
		{request{header: map[string]string{"Content-Type": "application/json"}}, http.StatusOK},
		{request{header: map[string]string{"Content-Type": "text/plain"}}, http.StatusOK},
		{request{body: "{}"}, http.StatusOK},
		{request{body: " { } ", chunked: true}, http.StatusOK},
		{request{body: "[]"}, http.StatusBadRequest},
		{request{body: "null"}, http.StatusBadRequest},
		{request{body: " "}, http.StatusBadRequest},
		{request{body: `{"refresh_token":"x"}`}, http.StatusBadRequest},
		{request{body: "{}", header: map[string]string{"Content-Type": ""}}, http.StatusUnsupportedMediaType},
		{request{body: "{}", chunked: true, header: map[string]string{"Content-Type": "text/plain"}}, http.StatusUnsupportedMediaType},
	} {
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
	}
}
