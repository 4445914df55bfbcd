package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// TestHostileJSON sends bodies that different decoders may read differently.
func TestHostileJSON(t *testing.T) {
	t.Parallel()
	f := start(t)
	wide := func(order func(uint16) []byte) string {
		var b []byte
		for _, unit := range utf16.Encode([]rune(account("alice", password))) {
			b = append(b, order(unit)...)
		}
		return string(b)
	}
	f.refuses(t, map[string]refusal{
		"duplicate":                     {`{"username":"x","password":"a","password":"b"}`, `"password" is given twice`},
		"duplicate by an escape":        {`{"username":"x","password":"a","passw\u006frd":"b"}`, `"password" is given twice`},
		"case twin":                     {`{"username":"x","password":"a","PASSWORD":"b"}`, `the unknown field "PASSWORD", send one JSON object with "username" and "password"`},
		"other case":                    {`{"username":"x","PASSWORD":"a"}`, "unknown field"},
		"long s":                        {`{"username":"x","paſſword":"a"}`, `the unknown field "pa\u017f\u017fword"`},
		"unknown: role":                 {`{"username":"x","password":"a","role":"admin"}`, `the unknown field "role"`},
		"unknown: is_admin":             {`{"username":"x","password":"a","is_admin":true}`, "unknown field"},
		"unknown: id":                   {`{"username":"x","password":"a","id":"1"}`, "unknown field"},
		"unknown: email_verified":       {`{"username":"x","password":"a","email_verified":true}`, "unknown field"},
		"unknown: created_at":           {`{"username":"x","password":"a","created_at":"1970-01-01T00:00:00Z"}`, "unknown field"},
		"unknown: refresh_token":        {`{"username":"x","password":"a","refresh_token":"x"}`, "unknown field"},
		"unknown: __proto__":            {`{"username":"x","password":"a","__proto__":{}}`, `the unknown field "__proto__"`},
		"unknown: nameless":             {`{"":"x"}`, `the unknown field ""`},
		"unknown: a pointer's signs":    {`{"a/b~c":"x"}`, `the unknown field "a/b~c"`},
		"unknown: a wrapper":            {`{"user":{"username":"x","password":"a"}}`, `the unknown field "user"`},
		"unknown: hidden characters":    {"{\"username\u202e\":\"x\",\"a\":1}", `the unknown field "username\u202e"`},
		"unknown: markup and escapes":   {`{"<b>\u001b[1m\"\n":1}`, `the unknown field "<b>\x1b[1m\"\n"`},
		"unknown: endless":              {`{"` + strings.Repeat("k", 5000) + `":1}`, `unknown field "` + strings.Repeat("k", 64) + `"..., send`},
		"a number":                      {`{"username":1,"password":"a"}`, `"username" must be a string, not a number`},
		"a boolean":                     {`{"username":"x","password":true}`, `"password" must be a string, not true`},
		"an object":                     {`{"username":{"username":"x"},"password":"a"}`, `"username" must be a string, not an object`},
		"an array":                      {`{"username":"x","password":["a"]}`, `"password" must be a string, not an array`},
		"null":                          {`{"username":"x","password":null}`, `"password" is required`},
		"two objects":                   {`{"username":"x","password":"a"}{"username":"x","password":"a"}`, "not valid JSON: there is more after its object, which ends at byte 31"},
		"trailing word":                 {`{"username":"x","password":"a"} xyz`, "more after its object"},
		"trailing comma after":          {`{"username":"x","password":"a"},`, "more after its object"},
		"cut off":                       {`{"username":"x","password":"a"`, "not valid JSON: it ends at byte 30, before its object does"},
		"trailing comma within":         {`{"username":"x","password":"a",}`, "not valid JSON"},
		"byte order mark":               {"\uFEFF" + `{"username":"x","password":"a"}`, "byte order mark"},
		"comment":                       {`{"username":"x",/* */"password":"a"}`, "not valid JSON"},
		"line comment":                  {"{\"username\":\"x\", // \n\"password\":\"a\"}", "not valid JSON"},
		"single quotes":                 {`{'username':'x','password':'a'}`, "not valid JSON"},
		"names without quotes":          {`{username:"x",password:"a"}`, "not valid JSON"},
		"NaN":                           {`{"username":NaN,"password":"a"}`, "not valid JSON"},
		"escaped NUL in a username":     {`{"username":"x\u0000","password":"a"}`, `"username" must not contain`},
		"escaped NUL in a password":     {`{"username":"x","password":"a\u0000b"}`, `"password" must not contain`},
		"escaped U+FFFD":                {`{"username":"x","password":"a\ufffdb"}`, `"password" must not contain`},
		"literal U+FFFD":                {"{\"username\":\"x\",\"password\":\"a\uFFFDb\"}", `"password" must not contain`},
		"high surrogate":                {`{"username":"x","password":"a\ud800b"}`, "not valid JSON"},
		"low surrogate":                 {`{"username":"x","password":"a\udc00b"}`, "not valid JSON"},
		"surrogates the wrong way":      {`{"username":"x","password":"a\ude00\ud83db"}`, "not valid JSON"},
		"invalid byte":                  {"{\"username\":\"x\",\"password\":\"a\xffb\"}", "not valid UTF-8"},
		"overlong":                      {"{\"username\":\"x\",\"password\":\"a\xc0\xafb\"}", "not valid UTF-8"},
		"surrogate in UTF-8":            {"{\"username\":\"x\",\"password\":\"a\xed\xa0\x80b\"}", "not valid UTF-8"},
		"truncated rune":                {"{\"username\":\"x\",\"password\":\"a\xe2\x82\"}", "not valid UTF-8"},
		"control character":             {"{\"username\":\"x\",\"password\":\"a\nb\"}", "not valid JSON"},
		"an escape that is none":        {`{"username":"x","password":"\x61"}`, "not valid JSON"},
		"UTF-16 with its mark":          {"\xff\xfe" + wide(func(u uint16) []byte { return []byte{byte(u), byte(u >> 8)} }), "not valid UTF-8"},
		"UTF-16, little end first":      {wide(func(u uint16) []byte { return []byte{byte(u), byte(u >> 8)} }), "not valid JSON"},
		"UTF-16, big end first":         {wide(func(u uint16) []byte { return []byte{byte(u >> 8), byte(u)} }), "not a JSON object"},
		"UTF-32":                        {wide(func(u uint16) []byte { return []byte{0, 0, byte(u >> 8), byte(u)} }), "not a JSON object"},
		"a form that looks like JSON":   {`{"username":"x","password":"=`, "not valid JSON"},
		"an object within an array":     {`[{"username":"x","password":"a"}]`, "not a JSON object"},
		"an object within a string":     {`"{\"username\":\"x\",\"password\":\"a\"}"`, "not a JSON object"},
		"a duplicate among the unknown": {`{"username":"x","password":"a","k":1,"k":2}`, `the unknown field "k"`},
	})
	f.untouched(t)
	t.Run("whitespace and escapes are the same body", func(t *testing.T) {
		body := "\r\n\t {\"\\u0075sername\" : \"\\u0061lice\", \"password\":\"" + password + "\"} \n"
		f.send(request{method: "POST", path: "/register", body: body}).want(t, http.StatusCreated)
		f.send(request{method: "POST", path: "/login", body: account("alice", password)}).want(t, http.StatusOK)
	})
}

// TestAnOptionalFieldIsReadAsStrictlyAsTheOthers: /register takes a third field, which /login does not know.
func TestAnOptionalFieldIsReadAsStrictlyAsTheOthers(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, tt := range map[string]refusal{
		"null":       {`{"username":"x","password":"a","email":null}`, `"email" must be a string, not null`},
		"a number":   {`{"username":"x","password":"a","email":1}`, `"email" must be a string, not a number`},
		"a list":     {`{"username":"x","password":"a","email":["a@example.com"]}`, `"email" must be a string, not an array`},
		"twice":      {`{"username":"x","password":"a","email":"a@example.com","email":""}`, `"email" is given twice`},
		"other case": {`{"username":"x","password":"a","Email":"a@example.com"}`, `the unknown field "Email"`},
		"U+0000":     {`{"username":"x","password":"a","email":"a\u0000@example.com"}`, `"email" must not contain`},
		"verified":   {`{"username":"x","password":"a","email":"a@example.com","email_verified":true}`, `with "username" and "password", and "email" if you like`},
	} {
		t.Run(name, func(t *testing.T) {
			a := f.send(request{method: "POST", path: "/register", body: tt.body}).want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
			var problem struct{ Message string }
			if err := json.Unmarshal(a.body, &problem); err != nil || !strings.Contains(problem.Message, tt.says) {
				t.Errorf("the message is %q, want it to say %q", problem.Message, tt.says)
			}
		})
	}
	f.send(request{method: "POST", path: "/login", body: `{"username":"x","password":"a","email":""}`}).want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
	f.untouched(t)
	f.send(request{method: "POST", path: "/register", body: `{"username":"alice","password":"` + password + `","email":""}`}).want(t, http.StatusCreated)
}

// refusal is a body of an account, and a part of the message of its 400.
type refusal struct{ body, says string }

// refuses sends each body to both endpoints that accept one.
func (f *fixture) refuses(t *testing.T, rows map[string]refusal) {
	t.Helper()
	for name, tt := range rows {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/register", "/login"} {
				a := f.send(request{method: "POST", path: path, body: tt.body, header: map[string]string{"Content-Type": "application/json"}}).
					want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
				var problem struct{ Message string }
				if err := json.Unmarshal(a.body, &problem); err != nil || !strings.Contains(problem.Message, tt.says) {
					t.Errorf("%s: the message is %q, want it to say %q", path, problem.Message, tt.says)
				}
				if strings.Contains(problem.Message, "text") || strings.Contains(problem.Message, "server.") {
					t.Errorf("%s: the message %q names Go types", path, problem.Message)
				}
			}
		})
	}
}

// untouched fails the test if anything was hashed or stored.
func (f *fixture) untouched(t *testing.T) {
	t.Helper()
	if n := f.svc.HashStats().Run; n != 0 {
		t.Errorf("%d hashes were computed, want none", n)
	}
	if users, _, err := f.svc.Users(t.Context(), store.UserPage{Limit: 1}); err != nil || len(users) != 0 {
		t.Errorf("users are %v, %v, want none", users, err)
	}
}
