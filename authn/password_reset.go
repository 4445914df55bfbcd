package authn

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// ForgotPassword mails a link that sets a new password to the verified address of the user with
// this identifier, a username or an address. locale is the languages that the client accepts.
//
// It succeeds in the same way, after the same statements, for an identifier of nobody, for a user
// without a verified address or disabled, and over the limits of the user and the address. It fails
// with [CodeEmailOff], and with [CodeRateLimited] over the limit of all mail, which does not depend on
// the identifier.
func (s *Service) ForgotPassword(ctx context.Context, a Actor, identifier, locale string) error {
	if err := s.requireEmail(); err != nil {
		return err
	}
	now := s.now()
	email, _ := ParseEmail(identifier) // nobody has the zero address
	decision, err := s.requestReset(ctx, store.ResetRequest{
		Email: email.Folded, Username: foldedOrNone(identifier), Limits: s.rules.Load().mail.limits(now),
	}, locale, a.event(store.ActionResetRequested, now))
	if err != nil {
		return err
	}
	if decision == store.MailOverAll {
		return overLimit("too much mail was asked for here, try again later")
	}
	return nil
}

// requestReset adds the mail and its token to a request, and carries it out.
func (s *Service) requestReset(ctx context.Context, r store.ResetRequest, locale string, e store.Event) (store.MailDecision, error) {
	var err error
	if r.Mail, r.Token, err = s.newLink(store.MailReset, locale, e.At); err != nil {
		return 0, err
	}
	decision, err := s.store.RequestReset(ctx, r, e)
	s.mailQueued()
	if err != nil {
		return 0, fail(err)
	}
	return decision, nil
}

// ResetPassword sets a new password by a one-time token, and ends all sessions of the user. It
// enables a password that failures have disabled, and forgets the failures. It works while e-mail is
// off too, because operators can hand out tokens. It fails with [CodeInvalidLink] for a token that is
// unknown, used, expired, or dead because of a later change, with [CodeWeakPassword], and with
// [CodeOverloaded]. The last two leave the token good.
func (s *Service) ResetPassword(ctx context.Context, a Actor, token, next string) (store.User, error) {
	tokenHash, err := parseMailToken(token)
	if err != nil {
		return store.User{}, err
	}
	now := s.now()
	found, err := s.store.MailToken(ctx, tokenHash, now)
	if errors.Is(err, store.ErrNotFound) || err == nil && found.Purpose != store.PurposeReset {
		return store.User{}, errLink
	}
	if err != nil {
		return store.User{}, fail(err)
	}
	user := found.Credentials.User
	hash, _, err := s.newHash(ctx, next, namesOf(user.Folded, user.Email))
	if err != nil {
		return store.User{}, err
	}
	e := a.event(store.ActionPasswordReset, now)
	e.UserID = user.ID
	user, reset, err := s.store.ResetPassword(ctx, tokenHash, hash, s.notice(store.MailPasswordReset, "", now), e)
	if err != nil {
		return store.User{}, fail(err)
	}
	if !reset {
		return store.User{}, errLink
	}
	s.Cluster.catchUp(ctx)
	return user, nil
}

// SendReset mails a user a link that sets a new password, on an operator's request. No limit
// applies. The decision is MailNobody when the user has no verified address or is disabled. It fails
// with [CodeEmailOff] and [CodeUserNotFound].
func (s *Service) SendReset(ctx context.Context, a Actor, nameOrID string) (store.MailDecision, error) {
	if err := s.requireEmail(); err != nil {
		return 0, err
	}
	user, err := s.User(ctx, nameOrID)
	if err != nil {
		return 0, err
	}
	return s.requestReset(ctx, store.ResetRequest{Username: user.Folded}, "", a.event(store.ActionResetRequested, s.now()))
}

// IssueReset returns a one-time token that sets a new password of a user, for an operator to hand
// over, and when it expires. Nothing is mailed, and the user needs no address. It fails with
// [CodeUserNotFound], and with [CodeInvalidRequest] for a disabled user.
func (s *Service) IssueReset(ctx context.Context, a Actor, nameOrID string) (token string, user store.User, expires time.Time, err error) {
	if user, err = s.User(ctx, nameOrID); err != nil {
		return "", store.User{}, time.Time{}, err
	}
	if user.Disabled() {
		return "", store.User{}, time.Time{}, refuse(CodeInvalidRequest, "the user is disabled, and could not sign in with a new password either")
	}
	id := uuid.New()
	now := s.now()
	token, kept, err := s.issueMailToken(id, store.PurposeReset, now)
	if err != nil {
		return "", store.User{}, time.Time{}, err
	}
	user, err = s.change(ctx, a, user, store.ActionResetIssued,
		func(ctx context.Context, userID uuid.UUID, e store.Event) (store.User, error) {
			return s.store.IssueReset(ctx, userID, id, kept, e)
		})
	return token, user, kept.ExpiresAt, err
}
