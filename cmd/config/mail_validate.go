package config

import (
	"errors"
	"io/fs"
	"net/url"
	"slices"
	"strings"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/authn/mail"
	"github.com/authctl/authctl/server"
)

// validateMail reports wrong settings of mail, also while mail is off.
func (l *Loaded) validateMail(bad *Faults) {
	m := l.Mail
	oneOf(bad, "accounts.email", l.Accounts.Email, Auto, string(authn.EmailOff), string(authn.EmailOptional), string(authn.EmailRequired))
	if mode := l.Accounts.Email; !l.MailOn() && (mode == string(authn.EmailOptional) || mode == string(authn.EmailRequired)) {
		bad.Add("accounts.email", "%s needs mail: set mail.url", mode)
	}
	if m.URL.Text != "" {
		if _, err := mail.ParseURL(string(m.URL.Text)); err != nil {
			bad.Add("mail.url", "%v", err)
		}
	}
	if m.From != "" {
		if _, err := mail.ParseFrom(m.From); err != nil {
			bad.Add("mail.from", "%v", err)
		}
	}
	if m.EnvelopeFrom != "" {
		if _, err := authn.ParseEmail(m.EnvelopeFrom); err != nil {
			bad.Add("mail.envelope_from", "%v", err)
		}
	}
	l.validateLink(bad, "mail.links.verify", m.Links.Verify)
	l.validateLink(bad, "mail.links.reset", m.Links.Reset)
	for _, kind := range m.Notices {
		if !slices.Contains(noticeNames(), kind) {
			bad.Add("mail.notices", "%q is no notice; the notices are %s", kind, strings.Join(noticeNames(), ", "))
		}
	}
}

func (l *Loaded) validateLink(bad *Faults, key, page string) {
	if page == "" {
		return
	}
	if err := mail.CheckLink(page); err != nil {
		bad.Add(key, "%v", err)
		return
	}
	if u, err := url.Parse(page); err == nil && u.Scheme == "http" && !server.IsLoopback(u.Hostname()) && !l.Development() {
		bad.Add(key, "must be https outside of localhost and development: the page has the token of the link")
	}
}

func noticeNames() (names []string) {
	for _, kind := range authn.Notices() {
		names = append(names, string(kind))
	}
	return names
}

// findMailing reports what would keep a server from sending mail.
func (l *Loaded) findMailing(bad *Faults) {
	if !l.MailOn() || l.unread("mail.url") {
		return
	}
	to, err := mail.ParseURL(string(l.Mail.URL.Text))
	if err != nil {
		return // Validate has reported it
	}
	if to.Scheme == mail.SchemeFile {
		if err := mail.CheckFolder(to.Folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
			bad.Add("mail.url", "%v", err)
		}
	}
	leaves := to.Scheme == mail.SchemeSMTP || to.Scheme == mail.SchemeSMTPS
	if leaves && l.Mail.From == "" {
		bad.Add("mail.from", "is required with mail.url: the address that mails come from, such as login@example.com")
	}
	if links := l.Mail.Links; l.base() == "" && (links.Verify == "" || links.Reset == "") {
		bad.Add("server.public_url", "is required with mail.url, for the links in mails begin with it; or set both mail.links.verify and mail.links.reset")
		return
	}
	if links := l.MailLinks(); l.Mail.Links.Verify == "" || l.Mail.Links.Reset == "" {
		for _, page := range []string{links.Verify, links.Reset} {
			if err := mail.CheckLink(page); err != nil {
				bad.Add("server.public_url", "cannot be the beginning of the links in mails: %v", err)
				break
			}
		}
	}
	if to.Scheme != mail.SchemeFile { // opening a folder makes it
		if _, err := l.MailSender(nil); err != nil {
			bad.Add("", "%v", err)
		}
	}
	if l.Mail.TemplatesDir != "" {
		if _, err := l.MailTexts(); err != nil {
			bad.Add("mail.templates_dir", "%v", err)
		}
	}
}
