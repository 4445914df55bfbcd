package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/textproto"
	"strings"

	"github.com/wneessen/go-mail/log"
)

// The steps of a conversation that are not commands.
const (
	stepConnect  = "connect"
	stepTLS      = "TLS"
	stepGreeting = "greeting"
	stepMessage  = "message" // its content, and the reply to its end
)

// conversation follows one conversation with a mail server. go-mail alone does not say which step
// failed, or drops the reply. It gets the commands as go-mail's logger, and the replies that are
// errors as its handler of errors. It keeps no argument of a command: those are addresses and passwords.
type conversation struct {
	ctx     context.Context
	server  *smtpServer
	command string           // the latest
	step    string           // the command that decides what becomes of the mail, or one of the steps above
	secure  bool             // TLS has begun
	reply   *textproto.Error // to the step, if it was an error

	conn   net.Conn
	broken error       // the first error of the connection
	unhook func() bool // undoes that the end of the context closes it
}

// dial opens the connection, which is closed as soon as the context ends: go-mail's own context
// ends no more than the dial.
func (c *conversation) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	c.step = stepConnect
	var dialer net.Dialer
	raw, err := dialer.DialContext(ctx, network, c.server.url.address())
	if err != nil {
		return nil, err
	}
	c.conn = &watched{Conn: raw, talk: c}
	c.unhook = context.AfterFunc(c.ctx, func() { raw.Close() })
	if c.server.tls == nil || c.server.url.Scheme != SchemeSMTPS {
		c.step = stepGreeting
		return c.conn, nil
	}
	c.step = stepTLS
	secured := tls.Client(c.conn, c.server.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	c.step = stepGreeting
	return secured, nil
}

// end closes the connection, which go-mail leaves open after some errors.
func (c *conversation) end() {
	if c.unhook != nil {
		c.unhook()
		c.conn.Close()
	}
}

// Debugf implements [log.Logger]: go-mail calls it with each command, and with each reply that is
// no error.
func (c *conversation) Debugf(l log.Log) {
	if l.Direction == log.DirServerToClient {
		c.replied()
		return
	}
	c.command, _, _ = strings.Cut(l.Format, " ")
	switch {
	case c.command == "RSET", c.command == "QUIT": // they clean up after a step
	case c.step == stepTLS: // the handshake comes with the first command over TLS
	case c.command == "HELO" && c.broken != nil: // go-mail tries it on a connection that is gone
	case c.command == "HELO": // the reply to EHLO stays
		c.step = c.command
	case c.command == "%s":
		c.step, c.reply = "AUTH", nil
	default:
		c.step, c.reply = c.command, nil
	}
}

func (c *conversation) replied() {
	switch {
	case c.command == "DATA":
		c.step = stepMessage
	case c.command == "STARTTLS":
		c.step = stepTLS
	case c.command == "EHLO" && c.step == stepTLS:
		c.step, c.secure = c.command, true
	}
}

// HandleError implements the handler of errors of go-mail. It changes none.
func (c *conversation) HandleError(_, _ string, _ *textproto.Conn, err error) error {
	var reply *textproto.Error
	if errors.As(err, &reply) && c.command != "RSET" && c.command != "QUIT" {
		c.reply = reply
	}
	return err
}

// Infof, Warnf and Errorf are the rest of [log.Logger]; go-mail does not call them.
func (c *conversation) Infof(log.Log)  {}
func (c *conversation) Warnf(log.Log)  {}
func (c *conversation) Errorf(log.Log) {}

// watched is a connection that remembers its first error, because go-mail's errors do not wrap it.
type watched struct {
	net.Conn
	talk *conversation
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.note(err)
	return n, err
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	w.note(err)
	return n, err
}

func (w *watched) note(err error) {
	if w.talk.broken == nil {
		w.talk.broken = err
	}
}
