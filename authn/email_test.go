package authn

import (
	"strings"
	"testing"

	"golang.org/x/net/idna"
)

func TestAnAddressIsWhatEveryMailServerTakes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64)
	domain253 := strings.Repeat(strings.Repeat("d", 60)+".", 4) + "example.x"
	for text, want := range map[string]string{
		"a@b.c":                   "a@b.c",
		"a@c.1":                   "a@c.1",
		" alice@example.com\r\n":  "alice@example.com",
		"Alice@Example.COM":       "Alice@example.com",
		"a+tag@example.com":       "a+tag@example.com",
		"a'b@example.com":         "a'b@example.com",
		"a/b@example.com":         "a/b@example.com",
		"a!b@example.com":         "a!b@example.com",
		"-a@c.d":                  "-a@c.d",
		"a.b.c@c.d":               "a.b.c@c.d",
		long + "@c.d":             long + "@c.d",
		"a@münchen.example":       "a@xn--mnchen-3ya.example",
		"a@MÜNCHEN.example":       "a@xn--mnchen-3ya.example",
		"a@straße.example":        "a@xn--strae-oqa.example",
		"a@xn--strae-oqa.example": "a@xn--strae-oqa.example",
	} {
		got, err := ParseEmail(text)
		if err != nil || got.Text != want || got.Folded != strings.ToLower(want) || got.Verified {
			t.Errorf("%q: got %+v, %v, want %s", text, got, err, want)
		}
	}
	for text, says := range map[string]string{
		"":                                    "one @",
		"alice":                               "one @",
		"@example.com":                        "one @",
		"a@":                                  "one @",
		"a@b@c.d":                             "one @",
		"a@b":                                 "must have a dot",
		"a@1":                                 "must have a dot",
		"a..b@c.d":                            "two dots in a row",
		".a@c.d":                              "dot at the start",
		"a.@c.d":                              "just before the @",
		`"a b"@c.d`:                           "may have letters",
		`"a"@c.d`:                             "may have letters",
		"a b@c.d":                             "may have letters",
		"a@[127.0.0.1]":                       "in brackets",
		"a@127.0.0.1":                         "not an IP address",
		"a@c.d (comment)":                     "not valid",
		"A <a@c.d>":                           "may have letters",
		"<a@c.d>":                             "may have letters",
		"=?utf-8?q?x?= <a@b.c>":               "may have letters",
		"a@-b.c":                              "not valid",
		"a@b_c.d":                             "not valid",
		"a@xn--a.example":                     "not valid",
		"a@" + strings.Repeat("b", 64) + ".c": "1 to 63 characters",
		long + "a@c.d":                        "at most 64",
		"ü@example.com":                       "no accents",
		"ａ@c.d":                               "no accents",
		"a@b.c.":                              "no dot at its end",
		"a@b..c":                              "between its dots",
		"a@.b.c":                              "between its dots",
		"a@c.d,b@c.d":                         "one @",
		"a@c.d;":                              "not valid",
		"a@c.d\r\nBcc: b@c.d":                 "one @",
		"a@c.d\r\nX-Evil: 1":                  "not valid",
		"a\x00@c.d":                           "may have letters",
		"a@" + domain253:                      "at most 254",
		"a@" + domain253 + "x":                "at most 253",
		"a@x" + domain253 + ".abcdefghijk":    "at most 253",
		"a@\xff.example":                      "not valid",
	} {
		got, err := ParseEmail(text)
		wantCode(t, text, err, CodeInvalidEmail)
		if err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%q: says %q, want %q in it", text, err, says)
		}
		if got.Text != "" {
			t.Errorf("%q: got %+v beside the error", text, got)
		}
	}
}

func TestAnAddressIsShownInItsOwnLetters(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"a@xn--mnchen-3ya.example": "a@münchen.example",
		"a@xn--strae-oqa.example":  "a@straße.example",
		"a@example.com":            "a@example.com",
		"no address":               "no address",
		"a@xn--a.example":          "a@xn--a.example",
		"":                         "",
	} {
		if got := DisplayEmail(address); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}

// FuzzParseEmail has whatever is accepted be an address that is safe in a header, and stable.
func FuzzParseEmail(f *testing.F) {
	for _, seed := range []string{"a@b.c", "a@münchen.example", "a@straße.example", `"a b"@c.d`, "a..b@c.d", "a@xn--a.example", "a@b.c\r\nX: y", "ａ@c.d", "a@٥.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseEmail(text)
		if err != nil {
			if CodeOf(err) != CodeInvalidEmail {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if len(a.Text) > maxEmail || strings.Count(a.Text, "@") != 1 || strings.ContainsFunc(a.Text, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"(),:;<>[\]`, r) }) {
			t.Fatalf("%q became %q", text, a.Text)
		}
		if a.Folded != strings.ToLower(a.Text) {
			t.Fatalf("%q: %q is not the lower case of %q", text, a.Folded, a.Text)
		}
		if again, err := ParseEmail(a.Text); err != nil || again != a {
			t.Fatalf("%q became %+v, and that %+v, %v", text, a, again, err)
		}
		if shown, err := ParseEmail(DisplayEmail(a.Text)); err != nil || shown != a {
			if _, bad := idna.Lookup.ToASCII(DisplayEmail(a.Text)[strings.IndexByte(a.Text, '@')+1:]); bad == nil {
				t.Fatalf("%q is shown as %q, which is %+v, %v", a.Text, DisplayEmail(a.Text), shown, err)
			}
		}
	})
}
