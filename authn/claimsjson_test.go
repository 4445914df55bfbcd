package authn

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// reflected is claims that json.Marshal encodes by their tags.
type reflected claims

func TestClaimsAreEncodedAsTheirTagsSay(t *testing.T) {
	t.Parallel()
	full := claims{
		ID: newTokenID(), ClientID: "web", Issuer: "https://auth.example.com", Audience: "api", Subject: "s", UserID: "u", Username: "alice",
		SessionID: "sid", SignedIn: 1, Generation: [2]int64{-1, 1 << 62}, IssuedAt: 1, ExpiresAt: -1,
		Roles: "admin reader", Custom: `{"a":[1,{"b":null}]}`, Rights: 1,
	}
	cases := []claims{{}, full}
	for i := range reflect.TypeFor[claims]().NumField() {
		without, with := full, claims{}
		if reflect.ValueOf(full).Field(i).IsZero() {
			t.Fatalf("this test knows no %s", reflect.TypeFor[claims]().Field(i).Name)
		}
		reflect.ValueOf(&without).Elem().Field(i).SetZero()
		reflect.ValueOf(&with).Elem().Field(i).Set(reflect.ValueOf(full).Field(i))
		cases = append(cases, without, with)
	}
	for _, text := range []string{`"\/`, "<&>", "\x00\t\n\x1f\x7f", "Ünïcödé 😀 \u2028\ufeff", "\xff", "a\xc3", strings.Repeat("\\", 300)} {
		c := full
		c.Username, c.Issuer, c.ClientID = text, text, text
		cases = append(cases, c)
	}
	for _, object := range []string{` { "b" : "\u0041\/" , "a" : 1.0 } `, `{"a":"é😀"}`, `{`, `{} {}`, `{"a":1},"sub":"x"`, "{\"a\":\"\xff\"}"} {
		c := full
		c.Custom = userInfo(object)
		cases = append(cases, c)
	}
	for _, c := range cases {
		got, failed := c.appendJSON([]byte("x"))
		want, err := json.Marshal((*reflected)(&c))
		switch {
		case (failed == nil) != (err == nil):
			t.Errorf("%+v: got error %v, want %v", c, failed, err)
		case err == nil && !bytes.Equal(got, append([]byte("x"), want...)):
			t.Errorf("got  %s\nwant x%s", got, want)
		}
	}
}
