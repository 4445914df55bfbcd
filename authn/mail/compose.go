package mail

import (
	"errors"
	"fmt"
	"regexp"
	"sync"

	"github.com/authctl/authctl/store"
)

var (
	// tokenAlphabet is what no mail reader cuts off the end of a link.
	tokenAlphabet = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9]{16,64}$`) })
	messageID     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[!-;=?A-~]+@[!-;=?A-~]+$`) }) // ASCII without blanks, "<", ">" and a second "@"
	recipient     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[!-;=?-~]+$`) })
)

// Compose writes the mail of a row of the outbox: both parts, whole. token is the one-time token of
// a mail with a link, in letters and digits, and "" for another mail. The language is the best that
// there is for m.Locale. The same input makes the same message.
func (t *Texts) Compose(m store.Mail, token string, h Letterhead) (Message, error) {
	msg, err := t.compose(m, token, h)
	if err != nil {
		return Message{}, fmt.Errorf("compose mail %s of the kind %s: %w", m.ID, m.Kind, err)
	}
	return msg, nil
}

func (t *Texts) compose(m store.Mail, token string, h Letterhead) (Message, error) {
	if err := h.check(); err != nil {
		return Message{}, err
	}
	link, err := linkOf(m.Kind, token, h.Links)
	switch {
	case err != nil:
		return Message{}, err
	case link != "" && m.TokenUntil.IsZero():
		return Message{}, errors.New("its token has no expiry")
	case m.CreatedAt.IsZero():
		return Message{}, errors.New("it has no date")
	case !messageID().MatchString(m.MessageID):
		return Message{}, errors.New("its Message-ID is none")
	case !recipient().MatchString(m.Recipient), h.EnvelopeFrom != "" && !recipient().MatchString(h.EnvelopeFrom):
		return Message{}, errors.New("an address has characters that are not ASCII, or blanks")
	}
	tag, texts := t.match(m.Locale)
	written, err := write(texts, words{language: texts, mail: m, service: h.service(), link: link})
	if err != nil {
		return Message{}, err
	}
	html, err := t.html(tag, h.service(), written, link)
	if err != nil {
		return Message{}, err
	}
	return Message{
		ID: m.ID, MessageID: m.MessageID, Date: m.CreatedAt.UTC(), From: h.From, EnvelopeFrom: h.EnvelopeFrom,
		To: m.Recipient, Subject: written.subject, Language: tag.String(),
		Text: plain(written.paragraphs, link), HTML: html, Link: link,
	}, nil
}

// linkOf returns the link of a mail; "" for a kind that has none.
func linkOf(kind store.MailKind, token string, links Links) (string, error) {
	var page string
	switch kind {
	case store.MailVerify:
		page = links.Verify
	case store.MailReset:
		page = links.Reset
	default:
		if token != "" {
			return "", errors.New("this kind has no link, so it must not have a token")
		}
		return "", nil
	}
	if !tokenAlphabet().MatchString(token) {
		return "", errors.New("its token must have 16 to 64 letters and digits, and nothing else")
	}
	return page + fragment + token, nil
}
