package server_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

// FuzzAccountBody: an accepted body has the same meaning for another decoder. A refused body
// gets a proper error.
func FuzzAccountBody(f *testing.F) {
	for _, seed := range []string{
		`{"username":"alice","password":"a password"}`,
		` { "password" : "\u00e9\ud83d\ude00" , "\u0075sername":"" } `,
		`{"username":"x","password":"a","password":"b"}`,
		`{"username":"x","PASSWORD":"a"}`,
		`{"username":null,"password":"a"}`,
		`{"username":["a"],"password":{}}`,
		`{"username":"a\u0000","password":"\ufffd"}`,
		`{"username":"\ud800","password":"a"}`,
		"{\"username\":\"\xff\",\"password\":\"a\"}",
		`{}{}`, `[]`, `null`, `"`, "\xef\xbb\xbf{}", `{"username":1e999}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		username, password, err := server.DecodeAccount(body)
		if err != nil {
			var e *authn.Error
			if !errors.As(err, &e) || e.Code != authn.CodeInvalidRequest || e.Message == "" || !utf8.ValidString(e.Message) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		var other map[string]string
		if err := json.Unmarshal(body, &other); err != nil || len(other) != 2 {
			t.Fatalf("another decoder says %v, %v", other, err)
		}
		if other["username"] != username || other["password"] != password {
			t.Errorf("got %q and %q, another decoder %q", username, password, other)
		}
		if strings.ContainsAny(username+password, "\x00\uFFFD") || !utf8.ValidString(username+password) {
			t.Errorf("accepted %q and %q", username, password)
		}
	})
}
