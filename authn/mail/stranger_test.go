package mail

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/authctl/authctl/store"
)

// linkified is what mail readers make links of, as broadly as any of them does.
var linkified = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*:[^\s”“]` + // https:… mailto:… tel:…
	`|[/\\]{2}` + // //host and \\host
	`|[\p{L}\p{N}\p{M}_-][.。．｡․][\p{L}\p{N}\p{M}_-]` + // host.example
	`|[^\s“][@＠][^\s”]`) // a@b

func TestAUsernameNeverBecomesALink(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	for _, name := range []string{
		"https://evil.example", "https://evil.example/login?a=b#c", "evil.example/login", "evil.example", "www.evil.example",
		"Click_here@.https.www.evil.example", "a@evil.example", "mailto:a@evil.example", "tel:+1555123", "//evil.example", `\\evil.example\x`,
		"evil。example", "evil．example", "evil｡example", "evil․example", "https：／／evil．example", "a＠evil．example", "evil.例え",
		"evil\u200b.\u200bexample", "evil.\u2060example", "evil.\u00adexample", "xn--e1awd7f.example", "192.0.2.66/x", "javascript:x",
	} {
		if shown := stranger(name, maxName); linkified.MatchString(shown) {
			t.Errorf("%q is shown as %q: readers find %q", name, shown, linkified.FindString(shown))
		}
		for _, kind := range store.MailKinds() {
			msg := mustCompose(t, texts, kind, func(m *store.Mail) {
				m.Username, m.Detail, m.UserAgent, m.RemoteAddr = name, name, name, name
			})
			for _, part := range []string{msg.Text, visible(msg.HTML)} {
				text := strings.ReplaceAll(part, msg.Link, "")
				if msg.Link == "" {
					text = part
				}
				if found := linkified.FindString(text); found != "" {
					t.Errorf("%q, %s: readers find %q in\n%s", name, kind, found, text)
				}
			}
		}
	}
}

func TestNoTextOfAStrangerBecomesALink(t *testing.T) {
	t.Parallel()
	letters := rapid.StringOf(rapid.OneOf(
		rapid.RuneFrom([]rune(".:/\\@。．｡․⁄∕：／＠aA1-_ \u00a0\u200b\u200d\u2060\u00ad\r\n\t\x00\u202e\u2028“”\"<&")), rapid.Rune()))
	rapid.Check(t, func(t *rapid.T) {
		text := letters.Draw(t, "text")
		shown := stranger(text, maxName)
		if linkified.MatchString(shown) {
			t.Fatalf("%q is shown as %q", text, shown)
		}
		if strings.ContainsAny(shown, "\r\n\t\x00\u2028\u202e\u200b“”\"\u00a0") {
			t.Fatalf("%q is shown as %q", text, shown)
		}
		if !utf8.ValidString(shown) {
			t.Fatalf("%q is shown as %q", text, shown)
		}
	})
}

func TestAUsernameIsShownBetweenQuotesAndCutAt64Characters(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	for name, want := range map[string]string{
		"alice":                  "“alice”",
		"Zoë-O'Neil_7":           "“Zoë-O'Neil_7”",
		"王小明":                    "“王小明”",
		"john.doe":               "“john. doe”",
		"alice@example.net":      "“alice@ example. net”",
		"alice@example.com":      "“alice@example.com”", // the recipient's own address
		"Alice@Example.Com":      "“alice@example.com”",
		`a"b”c«d»`:               "“a'b'c'd'”",
		strings.Repeat("ö", 64):  "“" + strings.Repeat("ö", 64) + "”",
		strings.Repeat("ö", 65):  "“" + strings.Repeat("ö", 64) + "…”",
		strings.Repeat("a", 1e5): "“" + strings.Repeat("a", 64) + "…”",
		"":                       "“”",
	} {
		msg := mustCompose(t, texts, store.MailPasswordChanged, func(m *store.Mail) { m.Username = name })
		if text := oneLine(msg.Text); !strings.Contains(text, "your account "+want+" at Example") {
			t.Errorf("%.70q is shown in\n%s", name, text)
		}
	}
	for locale, want := range map[string]string{"de": "„alice“", "fr": "«\u00a0alice\u00a0»", "es": "«alice»", "pt": "“alice”"} {
		if msg := mustCompose(t, texts, store.MailPasswordChanged, func(m *store.Mail) { m.Locale = locale }); !strings.Contains(msg.Text, want) {
			t.Errorf("%s has no %s in\n%s", locale, want, msg.Text)
		}
	}
}

func TestANewAddressIsShownInItsOwnLetters(t *testing.T) {
	t.Parallel()
	msg := mustCompose(t, builtInTexts(t), store.MailEmailChanged, func(m *store.Mail) { m.Detail = "a@xn--mnchen-3ya.example" })
	if text := oneLine(msg.Text); !strings.Contains(text, "changed to “a@ münchen. example”") {
		t.Errorf("the text is\n%s", text)
	}
	msg = mustCompose(t, builtInTexts(t), store.MailEmailChanged, func(m *store.Mail) { m.Detail = "" })
	if text := oneLine(msg.Text); !strings.Contains(text, "at Example was removed.") {
		t.Errorf("the text is\n%s", text)
	}
}
