package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// tryTime is the longest time that one try to send a mail takes (RFC 5321, section 4.5.3.2, has
// 5 minutes for some steps, but no server needs them for a mail of this size).
const tryTime = 2 * time.Minute

// smtpServer sends mails to an SMTP server, each over a connection of its own.
type smtpServer struct {
	url   URL
	hello string
	tls   *tls.Config // nil for none
}

// newSMTP checks what it can without a connection. Its errors name the setting.
func newSMTP(c SenderConfig) (*smtpServer, error) {
	s := &smtpServer{url: c.URL, hello: c.Hello}
	if err := checkHello(c.Hello); err != nil {
		return nil, err
	}
	implicit := c.URL.Scheme == SchemeSMTPS
	switch {
	case c.Insecure && implicit:
		return nil, errors.New("mail.insecure: mail.url begins with smtps://, which is TLS: unset one of them")
	case c.Insecure && c.CAFile != "":
		return nil, errors.New("mail.insecure: with mail.ca_file TLS is used: unset one of them")
	case c.Insecure && c.URL.Username != "" && !c.URL.Loopback():
		return nil, errors.New("mail.insecure: mail.url has a password, which is never sent without TLS: unset mail.insecure, or take user and password out of mail.url")
	case c.Insecure, c.URL.Loopback() && c.CAFile == "" && !implicit:
		return s, nil
	}
	s.tls = &tls.Config{ServerName: c.URL.Host, MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("mail.ca_file: %w", err)
		}
		if s.tls.RootCAs = x509.NewCertPool(); !s.tls.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("mail.ca_file: %s holds no certificate in PEM", c.CAFile)
		}
	}
	return s, nil
}

// HelloFor returns what a server at this host should say in EHLO: a name with a dot, or else an
// address literal (RFC 5321, section 4.1.3).
func HelloFor(host string) string {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	switch {
	case ip != nil && ip.To4() == nil:
		return "[IPv6:" + ip.String() + "]"
	case ip != nil:
		return "[" + ip.String() + "]"
	case strings.Contains(strings.Trim(host, "."), "."):
		return host
	default:
		return "[127.0.0.1]"
	}
}

// checkHello bars names that servers refuse, often not before RCPT, as if the recipient were wrong.
func checkHello(name string) error {
	if inner, ok := strings.CutPrefix(name, "["); ok && strings.HasSuffix(inner, "]") {
		if net.ParseIP(strings.TrimPrefix(strings.TrimSuffix(inner, "]"), "IPv6:")) != nil {
			return nil
		}
	} else if strings.Contains(strings.Trim(name, "."), ".") && !strings.ContainsFunc(name, notOfHost) {
		return nil
	}
	return fmt.Errorf("mail.hello: %q is no full host name: write one with a dot, such as login.example.com", name)
}

func notOfHost(r rune) bool {
	return r != '.' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// Send is a [Sender].
func (s *smtpServer) Send(ctx context.Context, m Message) Result {
	talk := &conversation{ctx: ctx, server: s}
	defer talk.end()
	client, err := gomail.NewClient(s.url.Host, s.options(talk)...)
	if err != nil {
		return Result{Class: ClassConnect, Step: talk.step, Err: err}
	}
	client.ErrorHandlerRegistry.SetDefaultHandler(talk)
	message := m.mime()
	return talk.result(message, client.DialAndSendWithContext(ctx, message))
}

// options leaves nothing to go-mail's defaults: they are the name of the machine in EHLO, port 25,
// and SMTPUTF8 wherever it is offered, which servers further on may not know.
func (s *smtpServer) options(talk *conversation) []gomail.Option {
	options := []gomail.Option{
		gomail.WithPort(s.url.Port), gomail.WithHELO(s.hello), gomail.WithoutSMTPUTF8(), gomail.WithTimeout(tryTime),
		gomail.WithDialContextFunc(talk.dial), gomail.WithLogger(talk), gomail.WithDebugLog(),
	}
	auth := []gomail.SMTPAuthType{gomail.SMTPAuthPlain, gomail.SMTPAuthLogin}
	switch {
	case s.tls == nil: // a password is never sent like this but to this machine: see newSMTP
		auth = []gomail.SMTPAuthType{gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc}
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case s.url.Scheme == SchemeSMTPS: // dial does it
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithTLSConfig(s.tls))
	}
	if s.url.Username != "" {
		auth = append(auth, gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthCramMD5)
		options = append(options, gomail.WithUsername(s.url.Username), gomail.WithPassword(s.url.Password), gomail.WithOpportunisticSMTPAuth(auth...))
	}
	return options
}
