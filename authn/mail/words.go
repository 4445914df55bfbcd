package mail

import (
	"fmt"
	"net/netip"
	"strings"
	"text/template"
	"time"

	"golang.org/x/net/idna"

	"github.com/authctl/authctl/store"
)

// words are what the sentences of one mail may name. Everything that somebody else may have chosen
// has gone through [stranger].
type words struct {
	language *template.Template
	mail     store.Mail
	service  string
	link     string
}

// Service returns the name by which mails call the service.
func (w words) Service() string { return w.service }

// Username returns the name of the account, between the quotes of the language. For a name that is the
// recipient's own address it returns that.
func (w words) Username() (string, error) {
	if strings.EqualFold(w.mail.Username, w.mail.Recipient) {
		return w.quoted(w.mail.Recipient)
	}
	return w.quoted(stranger(w.mail.Username, maxName))
}

// NewAddress returns the address that the account has now or will have, between quotes; "" for
// none.
func (w words) NewAddress() (string, error) {
	if w.mail.Detail == "" {
		return "", nil
	}
	local, domain, _ := strings.Cut(w.mail.Detail, "@")
	if readable, err := idna.Display.ToUnicode(domain); err == nil {
		domain = readable
	}
	return w.quoted(stranger(local+"@"+domain, maxAddress))
}

// maxAddress is the max length of an address in characters (RFC 5321, section 4.5.3.1.3).
const maxAddress = 254

// When returns when it happened.
func (w words) When() (string, error) { return w.moment(w.mail.CreatedAt) }

// Until returns until when the link works. It fails for a mail without a link.
func (w words) Until() (string, error) {
	if w.link == "" {
		return "", errNoLink(w.mail.Kind)
	}
	return w.moment(w.mail.TokenUntil)
}

// Link returns the link. It fails for a mail without one.
func (w words) Link() (string, error) {
	if w.link == "" {
		return "", errNoLink(w.mail.Kind)
	}
	return w.link, nil
}

func errNoLink(kind store.MailKind) error {
	return fmt.Errorf("a mail of the kind %s has no link", kind)
}

// Address returns the client's address; "" when an administrator did it.
func (w words) Address() (string, error) {
	text := w.mail.RemoteAddr
	if text == "" {
		return "", nil
	}
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap().WithZone("").String(), nil
	}
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr.Unmap().WithZone("").String(), nil
	}
	return w.quoted(stranger(text, maxName))
}

// Browser returns the name of the client's browser and system; "" when it did not say.
func (w words) Browser() (string, error) {
	b, known, err := w.browser()
	if err != nil || !known {
		return "", err
	}
	return execute(w.language, blockBrowser, b)
}

func (w words) browser() (b browser, known bool, err error) {
	b, known = browserOf(w.mail.UserAgent, func(name string) string {
		var quoted string
		quoted, err = w.quoted(name)
		return quoted
	})
	return b, known, err
}

func (w words) quoted(text string) (string, error) { return execute(w.language, blockQuoted, text) }

// moment is an instant in UTC, in the words of a language.
type moment struct {
	Weekday string
	Day     int
	Month   string
	Year    int
	Clock   string // "15:04"
}

func (w words) moment(at time.Time) (string, error) {
	at = at.UTC()
	weekday, err := w.nth(blockWeekdays, 7, int(at.Weekday()))
	if err != nil {
		return "", err
	}
	month, err := w.nth(blockMonths, 12, int(at.Month())-1)
	if err != nil {
		return "", err
	}
	return execute(w.language, blockMoment, moment{weekday, at.Day(), month, at.Year(), at.Format("15:04")})
}

// nth returns the ith of the words of a block, which must have n.
func (w words) nth(block string, n, i int) (string, error) {
	text, err := execute(w.language, block, nil)
	if err != nil {
		return "", err
	}
	names := strings.Fields(text)
	if len(names) != n {
		return "", fault(w.language, block, "has %d words; it must have %d", len(names), n)
	}
	return names[i], nil
}

// execute returns what a block writes, without blanks around it.
func execute(t *template.Template, block string, data any) (string, error) {
	var b strings.Builder
	if err := t.ExecuteTemplate(&b, block, data); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()), nil
}
