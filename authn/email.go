package authn

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/authctl/authctl/store"
)

// The max lengths of an address, in bytes (RFC 5321, section 4.5.3.1; the whole without its angle
// brackets).
const (
	maxLocalPart = 64
	maxDomain    = 253
	maxEmail     = 254
	maxLabel     = 63
)

// ParseEmail parses an e-mail address that a person typed. It accepts what mail servers of all kinds
// accept: an ASCII dot-atom (RFC 5322, section 3.2.3) of at most 64 bytes, one @, and a domain with a
// dot. A domain in another script becomes A-labels (RFC 5890, section 2.3.2.1). Blanks around the
// address are removed. It fails with [CodeInvalidEmail], and the message names the fault.
//
// Two addresses are the same if they differ in capitals only. Dots and "+tag" in the local part stay.
func ParseEmail(text string) (store.Address, error) {
	text = strings.TrimSpace(text)
	local, domain, found := strings.Cut(text, "@")
	if !found || local == "" || domain == "" || strings.Contains(domain, "@") {
		return store.Address{}, badEmail("an e-mail address has one @, with a name before it and a domain after it")
	}
	if err := checkLocalPart(local); err != nil {
		return store.Address{}, err
	}
	domain, err := parseDomain(domain)
	if err != nil {
		return store.Address{}, err
	}
	a := store.Address{Text: local + "@" + domain, Folded: strings.ToLower(local) + "@" + domain}
	if len(a.Text) > maxEmail {
		return store.Address{}, badEmail("the e-mail address must have at most 254 characters")
	}
	return a, nil
}

func badEmail(message string) error { return refuse(CodeInvalidEmail, message) }

// checkLocalPart checks the part of an address before the @.
func checkLocalPart(local string) error {
	for _, r := range local {
		switch {
		case r > 0x7f:
			return badEmail("the part before the @ must have no accents and no letters beyond a to z: many mail servers refuse such addresses")
		case r == '.' || isAtomText(r):
		default:
			return badEmail("the part before the @ may have letters, digits and these: . ! # $ % & ' * + - / = ? ^ _ ` { | } ~")
		}
	}
	switch {
	case strings.HasPrefix(local, ".") || strings.HasSuffix(local, "."):
		return badEmail("an address with a dot at the start or just before the @ cannot get mail from here")
	case strings.Contains(local, ".."):
		return badEmail("an address with two dots in a row cannot get mail from here")
	case len(local) > maxLocalPart:
		return badEmail("the part before the @ must have at most 64 characters")
	}
	return nil
}

// isAtomText reports whether r is atext of RFC 5322, section 3.2.3.
func isAtomText(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}

// parseDomain returns a domain in A-labels and lower case.
func parseDomain(domain string) (string, error) {
	if len(domain) > 4*maxDomain {
		return "", badEmail("the domain after the @ must have at most 253 characters")
	}
	if strings.HasPrefix(domain, "[") {
		return "", badEmail("the address needs the name of a domain after the @, not an address in brackets")
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || !utf8.ValidString(domain) {
		return "", badEmail("the domain after the @ is not valid")
	}
	if len(ascii) > maxDomain {
		return "", badEmail("the domain after the @ must have at most 253 characters")
	}
	labels := strings.Split(ascii, ".")
	for _, label := range labels {
		if label == "" || len(label) > maxLabel {
			return "", badEmail("the domain after the @ must have parts of 1 to 63 characters between its dots, and no dot at its end")
		}
	}
	if len(labels) == 1 {
		return "", badEmail("the domain after the @ must have a dot, as in example.com")
	}
	if _, err := netip.ParseAddr(ascii); err == nil {
		return "", badEmail("the address needs the name of a domain after the @, not an IP address")
	}
	return ascii, nil
}

// DisplayEmail returns an address for people: with its domain in the letters of its language. It
// returns a text that is no address as it is.
func DisplayEmail(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	domain, err := idna.Display.ToUnicode(address[at+1:])
	if err != nil {
		return address
	}
	return address[:at+1] + domain
}
