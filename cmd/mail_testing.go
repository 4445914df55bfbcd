package cmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/authn/mail"
)

// mailTestTime is longer than the whole conversation may take.
const mailTestTime = 150 * time.Second

func newMailTest(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "test ADDRESS",
		Short: "Send a mail to an address now, and show the step at which it fails",
		Long: `Send a mail to an address now, by the mail.* settings, and show the step of the conversation
with the mail server that fails: connect, STARTTLS, AUTH, MAIL, RCPT, DATA. The command opens
no database: the mail does not go through the outbox, and no limit applies to it.

A mail server that has taken a mail may still return it later to mail.envelope_from.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return testMail(c.Context(), a, args[0]) },
	}
}

func testMail(ctx context.Context, a *app, to string) error {
	address, err := authn.ParseEmail(to)
	if err != nil {
		return &problem{exitUsage, err, ""}
	}
	cfg, err := a.load(ctx, func(key string) bool { return key == "mail.url" })
	if err != nil {
		return err
	}
	if !cfg.MailOn() {
		return usage("set mail.url, such as smtps://USER:PASSWORD@smtp.example.com:465", "mail is off: mail.url is empty")
	}
	head, err := cfg.Letterhead()
	if err != nil {
		return &problem{exitUsage, fmt.Errorf("mail.from: %w", err), ""}
	}
	target, err := mail.ParseURL(string(cfg.Mail.URL.Text))
	if err != nil {
		return &problem{exitUsage, fmt.Errorf("mail.url: %w", err), ""}
	}
	send, err := cfg.MailSender(func(m mail.Message) { a.say("a mail to %s would say: %s", m.To, strings.TrimSpace(m.Text)) })
	if err != nil {
		return &problem{exitUsage, err, ""}
	}
	ctx, cancel := context.WithTimeout(ctx, mailTestTime)
	defer cancel()
	began := time.Now()
	r := send(ctx, testMessage(head, address.Text, began))
	switch {
	case r.Sent && target.Scheme == mail.SchemeLog:
		a.say("nothing was sent: mail.url is log:, so mails only show in the log of serve")
		return nil
	case r.Sent:
		a.say("%s has taken a mail to %s after %d ms", target, address.Text, time.Since(began).Milliseconds())
		return nil
	}
	return failedMail(target, r)
}

// testMessage is the mail that a test sends.
func testMessage(head mail.Letterhead, to string, at time.Time) mail.Message {
	id := uuid.New()
	const text = "This mail tests the mail settings of authctl. Somebody who administers them sent it to you."
	return mail.Message{
		ID: id, MessageID: id.String() + head.From.Address[strings.LastIndexByte(head.From.Address, '@'):], Date: at, From: head.From, EnvelopeFrom: head.EnvelopeFrom, To: to,
		Subject: "Test of the mail settings of authctl", Language: "en", Text: text + "\n",
		HTML: "<html><head><title>Test</title></head><body><p>" + text + "</p></body></html>\n",
	}
}

// failedMail says why a test mail was not sent. Whoever runs the test may read the server's reply.
func failedMail(target mail.URL, r mail.Result) error {
	where := ""
	if r.Step != "" {
		where = " at " + r.Step
	}
	err := fmt.Errorf("%s: the mail failed%s (%s)", target, where, r.Class)
	if r.Err != nil {
		err = fmt.Errorf("%w: %s", err, oneLine(r.Err))
	}
	code := exitUnreachable
	if r.BadAddress {
		code = exitFailed
	}
	return &problem{code, err, mailHint(r.Class)}
}

// mailHint says what to do about a failed mail.
func mailHint(c mail.Class) string {
	switch c {
	case mail.ClassConnect:
		return "check host and port in mail.url, and that this machine may reach them"
	case mail.ClassTLS:
		return "the server must offer TLS with a certificate for the host in mail.url; mail.ca_file names the authority of your own, and smtps:// is for port 465"
	case mail.ClassAuth:
		return "check user and password in mail.url; for a server on this machine that takes them over TLS only, set mail.ca_file"
	case mail.ClassClosed, mail.ClassTimeout, mail.ClassProtocol:
		return "check the port in mail.url: smtp:// is for 587 and 25, smtps:// for 465"
	case mail.ClassAddress:
		return "the server takes no mail for this address; try another one"
	case mail.ClassTemporary:
		return "the server may take it later: serve tries again by itself"
	case mail.ClassRefused:
		return "the server refuses what is configured here: see mail.from and mail.hello, and the server's own log"
	case mail.ClassFile:
		return "the folder of mail.url must exist and be yours"
	}
	return ""
}
