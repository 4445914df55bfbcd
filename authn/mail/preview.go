package mail

import (
	"cmp"
	"errors"
	"fmt"
	"html"
	netmail "net/mail"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/language"

	"github.com/authctl/authctl/store"
)

// Preview writes a mail of a kind with sample data, in the language that a reader would get who
// accepts locale, such as "de" or "pt-BR,en". A zero h stands for a sample.
func (t *Texts) Preview(kind store.MailKind, locale string, h Letterhead) (Message, error) {
	if !slices.Contains(store.MailKinds(), kind) {
		return Message{}, fmt.Errorf("there is no mail of the kind %q; the kinds are %s", kind, kindList())
	}
	if _, _, err := language.ParseAcceptLanguage(locale); err != nil {
		return Message{}, fmt.Errorf("%q is no language; write a tag such as de or pt-BR", locale)
	}
	if h == (Letterhead{}) {
		h = sampleLetterhead()
	}
	m := sampleMail(kind, locale)
	return t.Compose(m, sampleToken(m), h)
}

func kindList() string {
	var names []string
	for _, kind := range store.MailKinds() {
		names = append(names, string(kind))
	}
	return strings.Join(names, ", ")
}

// check writes each kind of mail in each language: as in a preview, as caused by an administrator,
// with a client that says nothing of itself, and with names of every length. It names every fault
// once.
func (t *Texts) check() error {
	var faults []error
	seen := map[string]bool{}
	for _, tag := range t.tags {
		for _, kind := range store.MailKinds() {
			for _, m := range samples(kind, tag.String()) {
				msg, err := t.compose(m, sampleToken(m), sampleLetterhead())
				if err == nil {
					err = t.checkFrame(msg)
				}
				if err != nil && !seen[err.Error()] {
					seen[err.Error()] = true
					faults = append(faults, err)
				}
			}
		}
	}
	return errors.Join(faults...)
}

// checkFrame checks that the part text/html has what the plain text has. The plain text has other
// line breaks.
func (t *Texts) checkFrame(msg Message) error {
	shown := html.UnescapeString(msg.HTML)
	for _, p := range paragraphEnd().Split(msg.Text, -1) {
		if !strings.Contains(squeezed(shown), squeezed(p)) {
			return fmt.Errorf("%s: the frame leaves paragraphs out: write {{range .Paragraphs}}{{.Text}}{{end}}", t.frame.Name())
		}
	}
	if msg.Link != "" && !strings.Contains(shown, `href="`+msg.Link+`"`) {
		return fmt.Errorf(`%s: the frame has no link: write <a href="{{.Text}}"> where a paragraph's .Link is true`, t.frame.Name())
	}
	return nil
}

// squeezed returns text without blanks and line breaks.
func squeezed(text string) string { return strings.Join(wordsOf(text), "") }

func sampleLetterhead() Letterhead {
	return Letterhead{
		From: netmail.Address{Name: "Example", Address: "no-reply@example.com"},
		Links: Links{
			Verify: "https://login.example.com/verify-email",
			Reset:  "https://login.example.com/reset-password",
		},
	}
}

// sampleToken is as long as a real token, and none.
func sampleToken(m store.Mail) string {
	if m.TokenUntil.IsZero() {
		return ""
	}
	return strings.Repeat("sample", 9)[:52]
}

func sampleMail(kind store.MailKind, locale string) store.Mail {
	at := time.Date(2026, time.January, 2, 15, 4, 5, 0, time.UTC)
	m := store.Mail{
		ID: uuid.UUID{15: 1}, Kind: kind, Username: "alice", Recipient: "alice@example.com", Locale: locale,
		MessageID: "sample@example.com", CreatedAt: at, RemoteAddr: "192.0.2.7",
		UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
	}
	switch kind {
	case store.MailVerify:
		m.TokenUntil = at.Add(24 * time.Hour)
	case store.MailReset:
		m.TokenUntil = at.Add(30 * time.Minute)
	case store.MailEmailRequested, store.MailEmailChanged:
		m.Detail = "alice@example.net"
	}
	return m
}

// samples returns mails of a kind between which every condition of a template changes.
func samples(kind store.MailKind, locale string) []store.Mail {
	all := []store.Mail{sampleMail(kind, locale)}
	vary := func(change func(*store.Mail)) {
		m := sampleMail(kind, locale)
		change(&m)
		all = append(all, m)
	}
	vary(func(m *store.Mail) { m.RemoteAddr, m.UserAgent = "", "" })
	vary(func(m *store.Mail) { m.UserAgent = "" })
	vary(func(m *store.Mail) { m.UserAgent = "Mozilla/5.0" })
	vary(func(m *store.Mail) { m.UserAgent = strings.Repeat("W", maxName+1) })
	vary(func(m *store.Mail) { m.Detail = "" })
	vary(func(m *store.Mail) {
		m.Username = strings.Repeat("W", maxName+1)
		m.Detail = cmp.Or(m.Detail, "a@example.net")[:1] + strings.Repeat("w", 63) + "@" + strings.Repeat(strings.Repeat("w", 60)+".", 3) + "example"
	})
	return all
}
