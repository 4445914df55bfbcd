package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"sync"

	gomail "github.com/wneessen/go-mail"
)

// result judges a conversation. The order matters: a server that took the mail and then hung up
// causes an error too, and a mail that it took must not be sent again. What is left after a bad
// address is tried again, even if the reply is 5xx: then the set-up is at fault, and can be mended.
func (c *conversation) result(m *gomail.Msg, err error) Result {
	if m.IsDelivered() {
		return Result{Sent: true}
	}
	r := Result{Step: c.step, Err: err}
	c.readReply(&r, err)
	r.BadAddress = r.Code/100 == 5 && refusesRecipient(r)
	r.Class = c.class(r)
	return r
}

// readReply finds the reply that ended the conversation, if there was one.
func (c *conversation) readReply(r *Result, err error) {
	var send *gomail.SendError
	var reply *textproto.Error
	switch {
	case c.reply != nil && r.Step != stepMessage:
		r.Code, r.Enhanced = c.reply.Code, enhanced(c.reply.Msg)
	case errors.As(err, &send):
		r.Code = send.ErrorCode()
		if code := send.EnhancedStatusCode(); strings.Contains(send.Error(), fmt.Sprintf(`%d "%s `, r.Code, code)) {
			r.Enhanced = code // else it is from further on in the text
		}
	case errors.As(err, &reply):
		r.Code, r.Enhanced = reply.Code, enhanced(reply.Msg)
	}
}

var enhancedCode = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}(?:\s|$)`) })

// enhanced returns the enhanced status code that a reply begins with (RFC 2034, section 4). Further
// on in the text the same pattern would be a part of an IP address.
func enhanced(text string) string { return strings.TrimSpace(enhancedCode().FindString(text)) }

// recipientCodes says of a mailbox that there is none, or that it takes no mail (RFC 3463, section
// 3.2, and RFC 7505 for the last).
var recipientCodes = []string{"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"}

// refusesRecipient reports whether a reply 5xx is about the recipient. Before RCPT the server does
// not know it.
func refusesRecipient(r Result) bool {
	switch r.Step {
	case "RCPT":
		return slices.Contains(recipientCodes, r.Enhanced) || r.Enhanced == "5.2.1" || r.Enhanced == "" && r.Code == 550
	case "DATA", stepMessage:
		return slices.Contains(recipientCodes, r.Enhanced)
	default:
		return false
	}
}

// codeAuthRequired asks for AUTH, or for STARTTLS before it (RFC 4954, section 6, and RFC 3207,
// section 4).
const codeAuthRequired = 530

func (c *conversation) class(r Result) Class {
	var timeout net.Error
	late := errors.Is(c.ctx.Err(), context.DeadlineExceeded) || errors.As(c.broken, &timeout) && timeout.Timeout()
	switch {
	case r.BadAddress:
		return ClassAddress
	case r.Code != 0 && r.Step == "AUTH", r.Code == codeAuthRequired:
		return ClassAuth
	case r.Code != 0 && r.Step == "STARTTLS":
		return ClassTLS
	case r.Code/100 == 4:
		return ClassTemporary
	case r.Code/100 == 5:
		return ClassRefused
	case errors.Is(c.ctx.Err(), context.Canceled):
		return ClassStopped
	case r.Step == stepConnect:
		return ClassConnect
	case late:
		return ClassTimeout
	case r.Step == stepTLS:
		return ClassTLS
	case c.broken != nil:
		return ClassClosed
	case r.Step == "EHLO" && c.needsSTARTTLS():
		return ClassTLS
	case r.Step == "EHLO", r.Step == "AUTH":
		return ClassAuth // none is offered that go-mail can do, or the server's part of it is wrong
	default:
		return ClassProtocol
	}
}

// needsSTARTTLS reports whether the conversation is still in clear and must not be.
func (c *conversation) needsSTARTTLS() bool {
	return c.server.tls != nil && c.server.url.Scheme == SchemeSMTP && !c.secure
}
