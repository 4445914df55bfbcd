package mail

import "context"

// Sender hands one message over, for example to a mail server. It returns soon after ctx has ended.
// A call sends at most one copy.
type Sender func(ctx context.Context, m Message) Result

// Result is what became of one try to send a message. Class, Code and Enhanced may be logged. Err
// may not: the texts of mail servers contain addresses.
type Result struct {
	Sent       bool   // the server has taken the message
	BadAddress bool   // the server knows that the address cannot get mail: no try would help
	Class      Class  // why it was not sent; "" when it was
	Step       string // the step of the conversation that failed, such as "RCPT"; "" when none did
	Code       int    // SMTP reply code; 0 when the server did not reply
	Enhanced   string // enhanced status code (RFC 3463), such as "4.7.1"; "" when there was none
	Err        error  // for the operator who sends a test; nil when the message was sent
}

// Reason returns the text of Err if it cannot contain anything of the message or of a server's reply;
// else "".
func (r Result) Reason() string {
	if r.Err == nil || r.Code != 0 {
		return ""
	}
	switch r.Class {
	case ClassConnect, ClassTLS, ClassKey, ClassText, ClassFile:
		return r.Err.Error()
	case ClassAuth:
		if r.Step == "EHLO" {
			return r.Err.Error() // nothing was offered that go-mail can do
		}
	}
	return ""
}

// Class says in one word why a message was not sent. It is kept in the outbox, and it is a label of
// a metric.
type Class string

// The classes. After each but [ClassAddress] the worker tries again: the cause is the mail server
// or the set-up, not the address.
const (
	ClassConnect   Class = "connect"   // no connection: name, network, or nobody listens
	ClassTLS       Class = "tls"       // no STARTTLS, no handshake, or a certificate that is not good
	ClassAuth      Class = "auth"      // the server did not accept user and password, or asked for them
	ClassAddress   Class = "address"   // the server refuses the recipient for good
	ClassTemporary Class = "temporary" // a reply 4xx
	ClassRefused   Class = "refused"   // a reply 5xx that says nothing of the recipient
	ClassClosed    Class = "closed"    // the server closed the connection
	ClassTimeout   Class = "timeout"   // the server did not reply in time
	ClassStopped   Class = "stopped"   // this process stopped before the end
	ClassKey       Class = "key"       // no secret that is known here makes the link of this mail
	ClassText      Class = "text"      // the mail cannot be written: a template fails
	ClassFile      Class = "file"      // the folder of the sink cannot be written
	ClassProtocol  Class = "protocol"  // the server's reply was none of SMTP
)

// Classes returns every class.
func Classes() []Class {
	return []Class{
		ClassConnect, ClassTLS, ClassAuth, ClassAddress, ClassTemporary, ClassRefused, ClassClosed,
		ClassTimeout, ClassStopped, ClassKey, ClassText, ClassFile, ClassProtocol,
	}
}
