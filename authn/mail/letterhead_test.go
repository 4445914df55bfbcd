package mail

import (
	"strings"
	"testing"
)

func TestTheSenderIsAnASCIIAddressWithOrWithoutAName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"login@example.com":                        "<login@example.com>",
		"Example <login@example.com>":              `"Example" <login@example.com>`,
		`"Müller, Söhne" <login@example.com>`:      "=?utf-8?b?TcO8bGxlciwgU8O2aG5l?= <login@example.com>",
		"Example <login@xn--mnchen-3ya.example>":   `"Example" <login@xn--mnchen-3ya.example>`,
		"  Example   <login+no-reply@example.com>": `"Example" <login+no-reply@example.com>`,
	} {
		if got, err := ParseFrom(text); err != nil || got.String() != want {
			t.Errorf("%q is %s (%v), not %s", text, got.String(), err, want)
		}
	}
	for _, text := range []string{
		"", "Example", "login@localhost", "login@münchen.example", "ü@example.com", `"a b"@example.com`, "login@[127.0.0.1]",
		"a@example.com, b@example.com", "Example <a@example.com>\r\nBcc: b@example.com", "=?utf-8?q?x=0D=0ABcc:_a?= <a@example.com>",
		strings.Repeat("x", 101) + " <a@example.com>", "A, B <a@example.com>", "A: B <a@example.com>", "x\u202ey <a@example.com>",
	} {
		if got, err := ParseFrom(text); err == nil {
			t.Errorf("%q was taken as %s", text, got.String())
		}
	}
}

func TestALinkIsAWholeURLWithAPathAndNoFragment(t *testing.T) {
	t.Parallel()
	for _, page := range []string{
		"https://login.example.com/", "https://login.example.com/reset-password", "http://localhost:8000/reset-password",
		"https://example.com/a?next=%2F&x=1", "https://[2001:db8::1]:8443/r",
	} {
		if err := CheckLink(page); err != nil {
			t.Errorf("%q: %v", page, err)
		}
	}
	for page, want := range map[string]string{
		"":                                  "whole URL",
		"/reset-password":                   "whole URL",
		"login.example.com/reset-password":  "whole URL",
		"javascript:alert(1)":               "whole URL",
		"myapp://reset/":                    "whole URL",
		"https://":                          "whole URL",
		"https://login.example.com":         "needs a path",
		"https://login.example.com?a=b":     "needs a path",
		"https://login.example.com/#/reset": "fragment",
		"https://login.example.com/#":       "fragment",
		"https://user:pw@example.com/":      "everybody",
		"https://login.example.com/a b":     "ASCII",
		"https://münchen.example/":          "ASCII",
		"https://login.example.com/(x)":     "brackets",
		"https://login.example.com/\"x":     "ASCII",
		"https://login.example.com/" + strings.Repeat("x", 200): "at most",
	} {
		if err := CheckLink(page); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, not about %q", page, err, want)
		}
	}
}

// TestALinkIsTheSameInBothParts has pages whose characters HTML and URLs write in other ways.
func TestALinkIsTheSameInBothParts(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	for _, page := range []string{
		"https://example.com/a?x=1&y=2", "https://example.com/a%2Fb", "https://example.com/~a/b*c!$,;=:@+", "https://[2001:db8::1]:8443/r",
	} {
		h := sampleLetterhead()
		h.Links.Reset = page
		m, token := mailOf("reset")
		msg, err := texts.Compose(m, token, h)
		if err != nil {
			t.Fatal(err)
		}
		if msg.Link != page+"#token="+token || !strings.Contains(msg.Text, "\n"+msg.Link+"\n") {
			t.Errorf("%s: the text has\n%s", page, msg.Text)
		}
		if err := texts.checkFrame(msg); err != nil || !strings.Contains(visible(msg.HTML), msg.Link) {
			t.Errorf("%s: %v\n%s", page, err, msg.HTML)
		}
	}
}

func TestALetterheadThatIsNotWholeComposesNothing(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	for name, change := range map[string]func(*Letterhead){
		"no sender":               func(h *Letterhead) { h.From.Address = "" },
		"a break in the name":     func(h *Letterhead) { h.From.Name = "x\r\nBcc: a@b.example" },
		"a break in the envelope": func(h *Letterhead) { h.EnvelopeFrom = "a@b.example\r\n" },
		"no link":                 func(h *Letterhead) { h.Links.Reset = "" },
	} {
		h := sampleLetterhead()
		change(&h)
		m, token := mailOf("reset")
		if _, err := texts.Compose(m, token, h); err == nil {
			t.Errorf("%s: composed", name)
		}
	}
}
