package authn

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// EmailMode says how much e-mail addresses of accounts matter.
type EmailMode string

// The modes.
const (
	EmailOff      EmailMode = "off"      // accounts have none, and nothing is mailed
	EmailOptional EmailMode = "optional" // an account may have one
	EmailRequired EmailMode = "required" // Register requires one
)

// MailRules is the part of the configuration that is about e-mail. The zero value sends none.
type MailRules struct {
	Mode            EmailMode        // "" for EmailOff
	Domain          string           // of Message-IDs (RFC 5322, section 3.6.4)
	Notices         []store.MailKind // the notices to send
	MaxPerUser      int              // max mails with a link to one user in an hour, and notices of one kind; 0 for no limit
	MaxPerRecipient int              // max resets to one address in an hour, and as many other mails that somebody asked for; 0 for no limit
	MaxPerHour      int              // max mails in an hour; 0 for no limit
}

// The lives of what is mailed.
const (
	ResetLife  = 30 * time.Minute // of a link that sets a new password
	VerifyLife = 24 * time.Hour   // of a link that verifies an address
	noticeLife = 72 * time.Hour   // how long sending a notice is tried
	linkMargin = 10 * time.Minute // a link must be good for this long when its mail is sent
	mailWindow = time.Hour        // in which the limits count
)

// Notices returns the kinds of mail that tell of something that happened to an account.
func Notices() []store.MailKind {
	return slices.DeleteFunc(store.MailKinds(), store.MailKind.Requested)
}

// check returns an error, with text for a person, when the rules are out of range.
func (m MailRules) check() error {
	switch m.Mode {
	case "", EmailOff:
		return nil
	case EmailOptional, EmailRequired:
	default:
		return fmt.Errorf("%q is no mode of e-mail", m.Mode)
	}
	if m.Domain == "" {
		return fmt.Errorf("mails need a domain for their Message-ID")
	}
	for _, kind := range m.Notices {
		if !slices.Contains(Notices(), kind) {
			return fmt.Errorf("%q is no notice", kind)
		}
	}
	return nil
}

// on reports whether accounts may have addresses, and mail is sent to them.
func (m MailRules) on() bool { return m.Mode == EmailOptional || m.Mode == EmailRequired }

// limits returns the limits of a request for mail at an instant.
func (m MailRules) limits(now time.Time) store.MailLimits {
	return store.MailLimits{Since: now.Add(-mailWindow), PerUser: m.MaxPerUser, PerRecipient: m.MaxPerRecipient, All: m.MaxPerHour}
}

// new returns a mail for the outbox.
func (m MailRules) new(kind store.MailKind, locale string, expires time.Time) store.NewMail {
	return store.NewMail{
		ID: uuid.New(), Kind: kind, Locale: locale, MessageID: strings.ToLower(rand.Text()) + "@" + m.Domain, ExpiresAt: expires,
	}
}

// EmailOn reports whether accounts may have addresses, and mail is sent to them.
func (s *Service) EmailOn() bool { return s.rules.Load().mail.on() }

// OnMailQueued sets a function that is called after a request that may have queued a mail with a
// link, so that the mail is sent at once. It must not wait. Set it before requests arrive.
func (s *Service) OnMailQueued(wake func()) { s.mailQueued = wake }

// requireEmail fails with [CodeEmailOff] unless e-mail is on.
func (s *Service) requireEmail() error {
	if !s.EmailOn() {
		return refuse(CodeEmailOff, "e-mail is not configured here")
	}
	return nil
}

// notice returns the notice of a change at now, nil when such notices are not sent. locale is used
// for a user whose languages are not known.
func (s *Service) notice(kind store.MailKind, locale string, now time.Time) *store.NewMail {
	mail := &s.rules.Load().mail
	if !mail.on() || !slices.Contains(mail.Notices, kind) {
		return nil
	}
	n := mail.new(kind, cleanLocale(locale), now.Add(noticeLife))
	n.PerHour = mail.MaxPerUser
	return &n
}

// overLimit is the error of a request for mail that a limit refuses.
func overLimit(message string) error {
	return &Error{Code: CodeRateLimited, Message: message, RetryAfter: mailWindow}
}

// The max size of a list of languages.
const (
	maxLanguages   = 5
	maxLanguageTag = 35 // bytes; RFC 5646, section 4.4.1
)

// cleanLocale returns the first well-formed language tags (RFC 5646) of a list such as
// "de-CH,de,en".
func cleanLocale(list string) string {
	var tags []string
	for tag := range strings.SplitSeq(list, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "" || len(tag) > maxLanguageTag || strings.ContainsFunc(tag, notInTag) {
			continue
		}
		if tags = append(tags, tag); len(tags) == maxLanguages {
			break
		}
	}
	return strings.Join(tags, ",")
}

func notInTag(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-')
}
