// Package mail writes the mails of the outbox and sends them. A [Worker] claims the rows that are
// due, and hands each one as a [Message] to a [Sender]: an SMTP server, a folder, or a log.
package mail

import (
	netmail "net/mail"
	"time"

	"github.com/google/uuid"
)

// Message is a mail that is ready to be sent. The copies that a retry sends are equal to the first
// in everything that is here.
type Message struct {
	ID           uuid.UUID // of its row in the outbox
	MessageID    string    // RFC 5322, section 3.6.4, without the angle brackets
	Date         time.Time
	From         netmail.Address // a name and an address in ASCII
	EnvelopeFrom string          // the address that gets bounces; "" for that of From
	To           string          // the only recipient: an address in ASCII, its domain in A-labels
	Subject      string
	Language     string // of the texts, as a tag (RFC 5646); "" when unknown
	Text         string // of the part text/plain
	HTML         string // of the part text/html: the same sentences
	Link         string // that is in both; "" for a mail without a link
}
