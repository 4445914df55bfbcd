package mail

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Letterhead is what all mails of an installation have in common.
type Letterhead struct {
	From         netmail.Address // from [ParseFrom]
	EnvelopeFrom string          // the address that gets bounces; "" for that of From
	Links        Links
}

// Links are the pages that the links in mails open, each an absolute URL that [CheckLink] takes.
type Links struct {
	Verify string // verifies an address
	Reset  string // sets a new password
}

// The max lengths, in characters.
const (
	maxFromName = 100
	maxLine     = 200 // of the plain text; some readers cut longer links
	maxToken    = 64
	fragment    = "#token="
	maxLink     = maxLine - len(fragment) - maxToken
)

// ParseFrom parses the sender of all mails: an address, or a name and an address, such as
// "Example <no-reply@example.com>". The name may be UTF-8 of up to 100 characters. The address must
// be ASCII: servers without SMTPUTF8 (RFC 6531) refuse another.
func ParseFrom(text string) (netmail.Address, error) {
	a, err := netmail.ParseAddress(text)
	if err != nil {
		return netmail.Address{}, errors.New(`write it as "Name <name@example.com>" or "name@example.com"`)
	}
	domain := a.Address[strings.LastIndexByte(a.Address, '@')+1:]
	switch {
	case strings.ContainsFunc(a.Address, func(r rune) bool { return r <= ' ' || r >= unicode.MaxASCII || strings.ContainsRune(`"<>[],;:\`, r) }):
		return netmail.Address{}, errors.New("the address must be ASCII without quotes; write a domain with other letters as xn--…")
	case !strings.Contains(domain, "."):
		return netmail.Address{}, fmt.Errorf("the domain %q has no dot: most mail servers refuse it", domain)
	case utf8.RuneCountInString(a.Name) > maxFromName:
		return netmail.Address{}, fmt.Errorf("the name may have %d characters at most", maxFromName)
	case strings.ContainsFunc(a.Name, func(r rune) bool { return !unicode.IsGraphic(r) }):
		return netmail.Address{}, errors.New("the name has invisible characters")
	}
	return *a, nil
}

// CheckLink checks the page that a link opens. The token follows it in the fragment, so it has none
// of its own. It has a path, because readers cut a fragment that follows a host.
func CheckLink(page string) error {
	u, err := url.Parse(page)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("write a whole URL, such as https://login.example.com/account")
	case u.User != nil:
		return errors.New("a user or password in this URL would be mailed to everybody")
	case u.Path == "":
		return errors.New(`the URL needs a path, "/" at least: readers cut the end of a link that has none`)
	case strings.Contains(page, "#"):
		return errors.New("the URL must not have a fragment (#…): the token is sent there")
	case strings.ContainsFunc(page, func(r rune) bool {
		return r <= ' ' || r >= unicode.MaxASCII || strings.ContainsRune("\"'()<>\\^`{|}", r)
	}):
		return errors.New("the URL must be ASCII without blanks, quotes and brackets; write other characters as %XX, and a domain as xn--…")
	case len(page) > maxLink:
		return fmt.Errorf("the URL has %d characters; %d at most leave room for the token on one line", len(page), maxLink)
	}
	return nil
}

// service returns the name by which mails call the service: that of the sender, or else the host of
// the links.
func (h Letterhead) service() string {
	if h.From.Name != "" {
		return h.From.Name
	}
	if u, err := url.Parse(h.Links.Reset); err == nil {
		return u.Hostname()
	}
	return ""
}

// check checks what [ParseFrom] and [CheckLink] check, for letterheads that were made otherwise.
func (h Letterhead) check() error {
	if _, err := ParseFrom(h.From.String()); err != nil {
		return fmt.Errorf("sender: %w", err)
	}
	if err := CheckLink(h.Links.Verify); err != nil {
		return fmt.Errorf("link to verify: %w", err)
	}
	if err := CheckLink(h.Links.Reset); err != nil {
		return fmt.Errorf("link to reset: %w", err)
	}
	return nil
}
