package authn

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// mailTokenEncoding has letters and digits only, because mail readers cut other characters off the
// end of a link.
var mailTokenEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

const mailTokenLength = 52 // characters: base32 of 32 bytes

// mailKeys derives one-time tokens, with the key for new ones first. A token is derived from the id
// of its mail. So the database alone holds no token, and a second try sends the same link.
type mailKeys [][]byte

// newMailKeys derives a key from each secret by HKDF (RFC 5869).
func newMailKeys(secrets []keySecret) (mailKeys, error) {
	var keys mailKeys
	for _, s := range secrets {
		key, err := hkdf.Key(sha256.New, []byte(s.value), nil, "authctl mail tokens", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("derive the key of one-time tokens: %w", err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// mailToken returns the token of a mail.
func mailToken(key []byte, id uuid.UUID, purpose store.MailPurpose) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(id[:])
	mac.Write([]byte(purpose))
	return mailTokenEncoding.EncodeToString(mac.Sum(nil))
}

// hashMailToken returns the hex SHA-256 of a token. The store has only this hash.
func hashMailToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// parseMailToken returns the hash of a token that a client sent. It fails with [CodeInvalidLink]
// for a text that is no token.
func parseMailToken(token string) (hash string, err error) {
	if len(token) != mailTokenLength {
		return "", errLink
	}
	if _, err := mailTokenEncoding.DecodeString(token); err != nil {
		return "", errLink
	}
	return hashMailToken(token), nil
}

// errLink is the error of a one-time token that is not good.
var errLink = refuse(CodeInvalidLink, "this link is not valid any more, ask for a new one")

// purposeOf returns what the link of a mail is good for. It reports false for a mail without one.
func purposeOf(kind store.MailKind) (store.MailPurpose, bool) {
	switch kind {
	case store.MailReset:
		return store.PurposeReset, true
	case store.MailVerify:
		return store.PurposeVerify, true
	}
	return "", false
}

// lifeOf returns how long a token is good.
func lifeOf(purpose store.MailPurpose) time.Duration {
	if purpose == store.PurposeReset {
		return ResetLife
	}
	return VerifyLife
}

// issueMailToken returns the token of the mail with this id, and what the store keeps of it.
func (s *Service) issueMailToken(id uuid.UUID, purpose store.MailPurpose, now time.Time) (token string, kept store.NewMailToken, err error) {
	if s.noSecret {
		return "", store.NewMailToken{}, fail(errors.New("derive a one-time token: this process has no jwt.secret"))
	}
	token = mailToken(s.rules.Load().mailKeys[0], id, purpose)
	return token, store.NewMailToken{Hash: hashMailToken(token), ExpiresAt: now.Add(lifeOf(purpose))}, nil
}

// newLink returns a mail with a link, and what the store keeps of the link's token.
func (s *Service) newLink(kind store.MailKind, locale string, now time.Time) (store.NewMail, store.NewMailToken, error) {
	purpose, _ := purposeOf(kind)
	mail := s.rules.Load().mail.new(kind, cleanLocale(locale), now.Add(lifeOf(purpose)-linkMargin))
	_, token, err := s.issueMailToken(mail.ID, purpose, now)
	return mail, token, err
}

// MailToken returns the one-time token of a mail from the outbox, which only the link in the mail
// shows. It fails when no configured secret has made the token.
func (s *Service) MailToken(m store.Mail) (string, error) {
	purpose, ok := purposeOf(m.Kind)
	if !ok {
		return "", fmt.Errorf("a mail of the kind %s has no link", m.Kind)
	}
	for _, key := range s.rules.Load().mailKeys {
		token := mailToken(key, m.ID, purpose)
		if subtle.ConstantTimeCompare([]byte(hashMailToken(token)), []byte(m.TokenHash)) == 1 {
			return token, nil
		}
	}
	return "", errors.New("the secret that made the link is neither jwt.secret nor in jwt.previous_secrets")
}
