package mail

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"html"
	"maps"
	netmail "net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

func builtInTexts(t *testing.T) *Texts {
	t.Helper()
	texts, err := LoadTexts("")
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func newToken() string {
	var b [32]byte
	rand.Read(b[:])
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// mailOf returns a row of the outbox of a kind, with its token.
func mailOf(kind store.MailKind, changes ...func(*store.Mail)) (store.Mail, string) {
	m := sampleMail(kind, "en")
	m.ID = uuid.New()
	for _, change := range changes {
		change(&m)
	}
	if m.TokenUntil.IsZero() {
		return m, ""
	}
	return m, newToken()
}

// mustCompose composes a mail that is good.
func mustCompose(t *testing.T, texts *Texts, kind store.MailKind, changes ...func(*store.Mail)) Message {
	t.Helper()
	m, token := mailOf(kind, changes...)
	msg, err := texts.Compose(m, token, sampleLetterhead())
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

func TestTheLinkStandsAloneOnItsLineAndEndsInALetterOrDigit(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	for kind, page := range map[store.MailKind]string{
		store.MailVerify: "https://login.example.com/verify-email",
		store.MailReset:  "https://login.example.com/reset-password",
	} {
		m, token := mailOf(kind)
		for _, tag := range texts.Languages() {
			m.Locale = tag
			msg, err := texts.Compose(m, token, sampleLetterhead())
			if err != nil {
				t.Fatal(err)
			}
			link := page + "#token=" + token
			if msg.Link != link {
				t.Errorf("%s: the link is %q, not %q", kind, msg.Link, link)
			}
			if n := strings.Count(msg.Text, "\n\n"+link+"\n\n"); n != 1 || strings.Count(msg.Text, link) != 1 {
				t.Errorf("%s, %s: the link is not once alone on its line:\n%s", kind, tag, msg.Text)
			}
			if n := strings.Count(msg.HTML, `<a href="`+link+`">`+link+`</a>`); n != 1 {
				t.Errorf("%s, %s: the HTML part does not have the link once, visible:\n%s", kind, tag, msg.HTML)
			}
		}
	}
}

func TestTenThousandLinksEndInALetterOrDigit(t *testing.T) {
	t.Parallel()
	last := regexp.MustCompile(`#token=[A-Za-z0-9]+$`)
	links := sampleLetterhead().Links
	for range 10_000 {
		link, err := linkOf(store.MailReset, newToken(), links)
		if err != nil || !last.MatchString(link) {
			t.Fatalf("the link is %q: %v", link, err)
		}
	}
}

func TestATokenThatReadersWouldCutIsRefused(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	m, good := mailOf(store.MailReset)
	for _, token := range []string{
		"", "short", good + "-", good[:50] + "_a", good + "=", good[:20] + "." + good[20:], good + "~", good + "!", good + "\n",
		good + " ", good[:50] + "é", good + good,
	} {
		if _, err := texts.Compose(m, token, sampleLetterhead()); err == nil {
			t.Errorf("the token %q was taken", token)
		} else if strings.Contains(err.Error(), good[:10]) {
			t.Errorf("the error shows the token: %v", err)
		}
	}
	notice, _ := mailOf(store.MailPasswordChanged)
	if _, err := texts.Compose(notice, good, sampleLetterhead()); err == nil {
		t.Error("a notice took a token")
	}
}

func TestNoLineOfTheTextIsLongerThan200Characters(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	h := sampleLetterhead()
	h.From.Name = strings.Repeat("W", maxFromName)
	h.Links.Reset = "https://login.example.com/" + strings.Repeat("r", maxLink-len("https://login.example.com/"))
	for _, kind := range store.MailKinds() {
		for _, tag := range texts.Languages() {
			for _, m := range samples(kind, tag) {
				msg, err := texts.Compose(m, strings.Repeat(sampleToken(m), 2)[:2*len(sampleToken(m))*maxToken/104], h)
				if err != nil {
					t.Fatal(err)
				}
				for _, line := range strings.Split(msg.Text, "\n") {
					if utf8.RuneCountInString(line) > maxLine {
						t.Errorf("%s, %s: %q", kind, tag, line)
					}
				}
			}
		}
	}
}

var tags = regexp.MustCompile(`(?s)<title>.*?</title>|<[^>]*>`)

// visible returns the words of an HTML part, one blank between them.
func visible(part string) string {
	return oneLine(html.UnescapeString(tags.ReplaceAllString(part, " ")))
}

func TestBothPartsHaveTheSameSentences(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	for _, kind := range store.MailKinds() {
		for _, tag := range texts.Languages() {
			for _, m := range samples(kind, tag) {
				msg, err := texts.Compose(m, sampleToken(m), sampleLetterhead())
				if err != nil {
					t.Fatal(err)
				}
				if got, want := visible(msg.HTML), oneLine(msg.Text); got != want {
					t.Errorf("%s, %s: the HTML part says\n%s\nthe text says\n%s", kind, tag, got, want)
				}
				if !strings.Contains(msg.HTML, `<html lang="`+tag+`">`) || !strings.Contains(msg.HTML, "<head>") ||
					!strings.Contains(msg.HTML, "<title>"+html.EscapeString(msg.Subject)+"</title>") {
					t.Errorf("%s, %s: html, head and title are not as they should be:\n%s", kind, tag, msg.HTML)
				}
			}
		}
	}
}

func TestNamesAreEscapedInHTML(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	msg := mustCompose(t, texts, store.MailPasswordChanged, func(m *store.Mail) {
		m.Username = `<img/src=x>&amp;{{.Link}}`
		m.UserAgent = `<script>alert(1)</script>/1`
		m.RemoteAddr = `"><b>x</b>`
	})
	for _, bad := range []string{"<img", "<script", "<b>", "&amp;amp;{{.Link}}\""} {
		if strings.Contains(msg.HTML, bad) {
			t.Errorf("the HTML part has %s:\n%s", bad, msg.HTML)
		}
	}
	if !strings.Contains(msg.HTML, "&lt;img/ src=x&gt;&amp;amp;{{. Link}}") {
		t.Errorf("the name is not shown:\n%s", msg.HTML)
	}
}

// headers are all headers of a mail: nothing names the program or offers to unsubscribe.
var headers = []string{
	"Auto-Submitted", "Content-Language", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To", "X-Auto-Response-Suppress",
}

func TestNoInputBringsALineBreakIntoAHeader(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	const bad = "x\r\nBcc: eve@evil.example\r\n\r\n\x00\x1b\u2028\u202e"
	for _, kind := range store.MailKinds() {
		msg := mustCompose(t, texts, kind, func(m *store.Mail) {
			m.Username, m.Detail, m.UserAgent, m.RemoteAddr, m.Locale = bad, bad, bad, bad, "de,"+bad
		})
		var raw bytes.Buffer
		if _, err := msg.mime().WriteTo(&raw); err != nil {
			t.Fatal(err)
		}
		read, err := netmail.ReadMessage(&raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Sorted(maps.Keys(read.Header)); !slices.Equal(got, headers) {
			t.Errorf("%s: the headers are %q, not %q", kind, got, headers)
		}
		if id, date := read.Header.Get("Message-Id"), read.Header.Get("Date"); id != "<sample@example.com>" || date != "Fri, 02 Jan 2026 15:04:05 +0000" {
			t.Errorf("%s: Message-ID %s and Date %s are not those of the row", kind, id, date)
		}
		if strings.ContainsAny(msg.Text, "\r\x00\x1b\u2028\u202e") || strings.Contains(msg.Text, "\nBcc:") {
			t.Errorf("%s: the text has what it must not have: %q", kind, msg.Text)
		}
	}
}

func TestARowWithABrokenHeaderIsRefused(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	for name, change := range map[string]func(*store.Mail){
		"no Message-ID":            func(m *store.Mail) { m.MessageID = "" },
		"a Message-ID of two":      func(m *store.Mail) { m.MessageID = "a@b> <c@d" },
		"a break in a Message-ID":  func(m *store.Mail) { m.MessageID = "a@b\r\nBcc: c@d" },
		"no recipient":             func(m *store.Mail) { m.Recipient = "" },
		"a break in the recipient": func(m *store.Mail) { m.Recipient = "a@b.example\nBcc: c@d" },
		"two recipients":           func(m *store.Mail) { m.Recipient = "a@b.example, c@d.example" },
		"a recipient in UTF-8":     func(m *store.Mail) { m.Recipient = "ü@b.example" },
		"no date":                  func(m *store.Mail) { m.CreatedAt = time.Time{} },
		"an unknown kind":          func(m *store.Mail) { m.Kind = "birthday" },
	} {
		m, token := mailOf(store.MailPasswordChanged, change)
		if _, err := texts.Compose(m, token, sampleLetterhead()); err == nil {
			t.Errorf("%s: composed", name)
		}
	}
	m, token := mailOf(store.MailReset)
	m.TokenUntil = time.Time{}
	if _, err := texts.Compose(m, token, sampleLetterhead()); err == nil {
		t.Error("a link without an expiry: composed")
	}
}

func TestARetryComposesTheSameMessage(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	m, token := mailOf(store.MailReset)
	first, err := texts.Compose(m, token, sampleLetterhead())
	if err != nil {
		t.Fatal(err)
	}
	m.Tries, m.NextAt, m.LeasedTill = 7, m.CreatedAt.Add(time.Hour), m.CreatedAt.Add(time.Hour)
	if again, err := texts.Compose(m, token, sampleLetterhead()); err != nil || again != first {
		t.Errorf("the second is %+v (%v), the first was %+v", again, err, first)
	}
	if first.MessageID != m.MessageID || !first.Date.Equal(m.CreatedAt) || first.To != m.Recipient || first.ID != m.ID {
		t.Errorf("the message does not have what the row has: %+v", first)
	}
}

func TestAMailSaysWhenFromWhereAndWithWhat(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	for locale, want := range map[string]string{
		"en": "Time: Friday, 2 January 2026, 15:04 UTC. From: 2001:db8::7, with Safari on iOS.",
		"de": "Zeitpunkt: Freitag, 2. Januar 2026, 15:04 Uhr (UTC). Herkunft: 2001:db8::7, mit Safari unter iOS.",
		"fr": "Date\u00a0: vendredi 2 janvier 2026 à 15:04 UTC. Origine\u00a0: 2001:db8::7, avec Safari sous iOS.",
		"es": "Fecha: viernes, 2 de enero de 2026, 15:04 UTC. Origen: 2001:db8::7, con Safari en iOS.",
		"pt": "Data: sexta-feira, 2 de janeiro de 2026, 15:04 UTC. Origem: 2001:db8::7, com Safari em iOS.",
	} {
		for _, kind := range store.MailKinds() {
			msg := mustCompose(t, texts, kind, func(m *store.Mail) {
				m.Locale, m.RemoteAddr = locale, "2001:db8::7"
				m.CreatedAt = m.CreatedAt.In(time.FixedZone("", 5*3600))
				m.UserAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
			})
			if !strings.Contains(oneLine(msg.Text), want) {
				t.Errorf("%s, %s: no %q in\n%s", kind, locale, want, msg.Text)
			}
		}
	}
}

func TestWhatAnAdministratorDidIsSaidToBe(t *testing.T) {
	t.Parallel()
	texts := builtInTexts(t)
	msg := mustCompose(t, texts, store.MailPasswordChanged, func(m *store.Mail) { m.RemoteAddr, m.UserAgent = "", "" })
	if text := oneLine(msg.Text); !strings.Contains(text, "15:04 UTC. It was done by an administrator of Example.") || strings.Contains(text, "From:") {
		t.Errorf("the text is\n%s", msg.Text)
	}
}

func TestASenderWithoutANameGivesTheHostOfTheLinks(t *testing.T) {
	t.Parallel()
	m, token := mailOf(store.MailReset)
	h := sampleLetterhead()
	h.From.Name = ""
	msg, err := builtInTexts(t).Compose(m, token, h)
	if err != nil || msg.Subject != "Choose a new password for login.example.com" {
		t.Errorf("the subject is %q (%v)", msg.Subject, err)
	}
}
