package mail

import (
	netmail "net/mail"

	gomail "github.com/wneessen/go-mail"
)

// mime returns m as multipart/alternative in quoted-printable (RFC 2045, section 6.7). Both parts
// are whole before a connection is opened: what fails later would leave half a mail at the server.
// A retry writes the same octets again.
func (m Message) mime() *gomail.Msg {
	w := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP), gomail.WithBoundary("authctl-"+m.ID.String()))
	w.FromMailAddress(&m.From)
	if m.EnvelopeFrom != "" {
		w.EnvelopeFromMailAddress(&netmail.Address{Address: m.EnvelopeFrom})
	}
	w.ToMailAddress(&netmail.Address{Address: m.To})
	w.SetDateWithValue(m.Date)
	w.SetMessageIDWithValue(m.MessageID)
	w.Subject(m.Subject)
	w.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834, section 5: nobody is away, and no list answers
	w.SetGenHeader("X-Auto-Response-Suppress", "All")  // the same for Exchange
	if m.Language != "" {
		w.SetGenHeader(gomail.HeaderContentLang, m.Language)
	}
	w.SetBodyString(gomail.TypeTextPlain, m.Text)
	w.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return w
}
