package config

import (
	"net"
	netmail "net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/authn/mail"
	"github.com/authctl/authctl/server"
)

// inventedFrom is the sender where mails leave this machine in no other way. Nobody can have the
// domain (RFC 2606).
const inventedFrom = "authctl <no-reply@authctl.invalid>"

// MailOn reports whether mail is sent.
func (c *Loaded) MailOn() bool { return c.Mail.URL.Text != "" || c.unread("mail.url") }

// emailMode returns how much addresses of accounts matter.
func (c *Loaded) emailMode() authn.EmailMode {
	switch {
	case c.Accounts.Email != Auto:
		return authn.EmailMode(c.Accounts.Email)
	case c.MailOn():
		return authn.EmailOptional
	default:
		return authn.EmailOff
	}
}

// mailRules returns what the service knows about mail.
func (c *Loaded) mailRules() authn.MailRules {
	r := authn.MailRules{Mode: c.emailMode(), MaxPerUser: c.Mail.MaxPerUser, MaxPerRecipient: c.Mail.MaxPerRecipient, MaxPerHour: c.Mail.MaxPerHour}
	for _, kind := range authn.Notices() {
		if slices.Contains(c.Mail.Notices, string(kind)) {
			r.Notices = append(r.Notices, kind)
		}
	}
	if from, err := c.sender(); err == nil {
		r.Domain = from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	}
	return r
}

// sender returns mail.from, or a sender of an invented domain where mails stay on this machine or
// the command does not know where they go.
func (c *Loaded) sender() (netmail.Address, error) {
	if c.Mail.From == "" {
		return mail.ParseFrom(inventedFrom)
	}
	return mail.ParseFrom(c.Mail.From)
}

// base returns the URL that the built-in pages are below: server.public_url, or else where this
// machine reaches the server, if that is in development or the server takes no other requests. It
// returns "" if nobody can know it.
func (c *Loaded) base() string {
	s := c.Server
	if s.PublicURL != "" {
		return strings.TrimRight(s.PublicURL, "/")
	}
	host := s.Host
	switch ip := net.ParseIP(host); {
	case server.IsLoopback(host):
	case c.Development() && (ip == nil || !ip.IsUnspecified()):
	case c.Development():
		host = "localhost"
	default:
		return ""
	}
	return s.Scheme() + "://" + net.JoinHostPort(host, strconv.Itoa(int(s.Port)))
}

// MailLinks returns the pages that the links in mails open.
func (c *Loaded) MailLinks() mail.Links {
	links := mail.Links{Verify: c.Mail.Links.Verify, Reset: c.Mail.Links.Reset}
	if links.Verify == "" {
		links.Verify = c.base() + server.VerifyPagePath
	}
	if links.Reset == "" {
		links.Reset = c.base() + server.ResetPagePath
	}
	return links
}

// Letterhead returns what all mails have in common.
func (c *Loaded) Letterhead() (mail.Letterhead, error) {
	from, err := c.sender()
	return mail.Letterhead{From: from, EnvelopeFrom: c.Mail.EnvelopeFrom, Links: c.MailLinks()}, err
}

// MailSender returns the sender of mails. It opens no connection. show shows the messages of log:.
func (c *Loaded) MailSender(show func(mail.Message)) (mail.Sender, error) {
	settings, err := c.senderConfig()
	if err != nil {
		return nil, err
	}
	settings.Show = show
	return mail.Open(settings)
}

func (c *Loaded) senderConfig() (mail.SenderConfig, error) {
	to, err := mail.ParseURL(string(c.Mail.URL.Text))
	if err != nil {
		return mail.SenderConfig{}, err
	}
	hello := c.Mail.Hello
	if hello == "" {
		u, err := url.Parse(c.base())
		if err != nil {
			return mail.SenderConfig{}, err
		}
		hello = mail.HelloFor(u.Hostname())
	}
	return mail.SenderConfig{URL: to, Hello: hello, CAFile: c.Mail.CAFile, Insecure: c.Mail.Insecure}, nil
}

// MailTexts returns the texts of mails.
func (c *Loaded) MailTexts() (*mail.Texts, error) { return mail.LoadTexts(c.Mail.TemplatesDir) }
