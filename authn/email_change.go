package authn

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// ChangeEmail mails a link that verifies a new address to that address, for a user who has signed in
// and knows the current password, and a notice to the verified address that the user has. That one
// stays until the new one is verified. An address that another user has verified gets a notice
// instead of a link, and the result is the same.
//
// It fails with:
//
//   - [CodeEmailOff];
//   - [CodeInvalidEmail];
//   - [CodeInvalidCredentials] for a wrong current password, [CodeOverloaded] and [CodeRateLimited], as
//     [Service.Login] does. [CodeRateLimited] also stands for too much mail to the user or of all users;
//   - [CodeSessionRevoked] when the account was ended meanwhile.
func (s *Service) ChangeEmail(ctx context.Context, a Actor, who Identity, email, current, locale string) error {
	if err := s.requireEmail(); err != nil {
		return err
	}
	address, err := ParseEmail(email)
	if err != nil {
		return err
	}
	now := s.now()
	a.Name = "user:" + who.userID.String()
	return s.prove(ctx, passwordProof{
		actor: a, who: &who, password: current, now: now, watch: startStopwatch(),
		use: func(ctx context.Context, creds store.Credentials, attempt *store.Attempt, _ string) (bool, error) {
			r, err := s.verification(creds.User.ID, address, locale, s.rules.Load().mail.limits(now), now)
			if err != nil {
				return false, err
			}
			r.Notice = s.notice(store.MailEmailRequested, locale, now)
			r.PasswordHash = creds.PasswordHash
			err = s.requestVerification(ctx, a, r, now)
			if errors.Is(err, store.ErrConflict) { // the link must not outlive a new password
				return false, nil
			}
			if err != nil {
				return false, err
			}
			return true, s.uncount(ctx, attempt, nil)
		},
	})
}

// ResendVerification mails the link that verifies the address that the user still has to verify
// again. Links that were mailed before stay good. It fails with [CodeEmailOff], with
// [CodeInvalidEmail] when no address waits to be verified, with [CodeRateLimited], and with
// [CodeSessionRevoked] when the account was ended meanwhile.
func (s *Service) ResendVerification(ctx context.Context, a Actor, who Identity, locale string) error {
	if err := s.requireEmail(); err != nil {
		return err
	}
	now := s.now()
	a.Name = "user:" + who.userID.String()
	address, err := s.store.PendingEmail(ctx, who.userID, now)
	if errors.Is(err, store.ErrNotFound) {
		return badEmail("there is no address to verify")
	}
	if err != nil {
		return fail(err)
	}
	r, err := s.verification(who.userID, address, locale, s.rules.Load().mail.limits(now), now)
	if err != nil {
		return err
	}
	return s.requestVerification(ctx, a, r, now)
}

// verification returns the request to mail a link that verifies an address.
func (s *Service) verification(userID uuid.UUID, address store.Address, locale string, limits store.MailLimits, now time.Time) (store.VerificationRequest, error) {
	mail, token, err := s.newLink(store.MailVerify, locale, now)
	return store.VerificationRequest{UserID: userID, Address: address, Mail: mail, Token: token, Limits: limits}, err
}

// requestVerification carries out a request of the user. The limit of the address does not show,
// because it would tell that others have asked for mail to it.
func (s *Service) requestVerification(ctx context.Context, a Actor, r store.VerificationRequest, now time.Time) error {
	e := a.event(store.ActionVerifyRequested, now)
	e.UserID = r.UserID
	decision, err := s.store.RequestVerification(ctx, r, e)
	s.mailQueued()
	if err != nil {
		return fail(err)
	}
	switch decision {
	case store.MailNobody:
		return errRevoked
	case store.MailOverUser:
		return overLimit("you have asked for too many mails, try again later")
	case store.MailOverAll:
		return overLimit("too much mail was asked for here, try again later")
	}
	return nil
}

// VerifyEmail verifies an address by a one-time token. It needs no session. Sessions live on. The
// outcome is Verified or VerifiedAlready. It fails with [CodeInvalidLink] for a token that is unknown,
// expired or dead, with [CodeEmailTaken] when another user has verified the address meanwhile, and
// with [CodeEmailOff].
func (s *Service) VerifyEmail(ctx context.Context, a Actor, token string) (store.Verification, error) {
	if err := s.requireEmail(); err != nil {
		return store.Verification{}, err
	}
	hash, err := parseMailToken(token)
	if err != nil {
		return store.Verification{}, err
	}
	now := s.now()
	v, err := s.store.VerifyEmail(ctx, hash, s.notice(store.MailEmailChanged, "", now), a.event(store.ActionEmailVerified, now))
	if err != nil {
		return store.Verification{}, fail(err)
	}
	switch v.Outcome {
	case store.VerifyTaken:
		return store.Verification{}, errEmailTaken
	case store.VerifyDead:
		return store.Verification{}, errLink
	}
	return v, nil
}

var errEmailTaken = refuse(CodeEmailTaken, "another account has verified this address")

// SetUserEmail sets a user's address on an operator's word; "" removes it. An address that is not
// verified gets a link that verifies it while e-mail is on. It fails with [CodeUserNotFound],
// [CodeInvalidEmail], and [CodeEmailTaken] when verified and another user has verified the address.
func (s *Service) SetUserEmail(ctx context.Context, a Actor, nameOrID, email string, verified bool) (store.User, error) {
	var address store.Address
	var err error
	if email != "" {
		if address, err = ParseEmail(email); err != nil {
			return store.User{}, err
		}
		address.Verified = verified
	}
	user, err := s.User(ctx, nameOrID)
	if err != nil {
		return store.User{}, err
	}
	user, err = s.change(ctx, a, user, store.ActionEmailSet,
		func(ctx context.Context, id uuid.UUID, e store.Event) (store.User, error) {
			set, err := s.store.SetEmail(ctx, id, address, s.notice(store.MailEmailChanged, "", e.At), e)
			if errors.Is(err, store.ErrConflict) {
				return store.User{}, errEmailTaken
			}
			return set, err
		})
	if err != nil || address.Text == "" || verified || !s.EmailOn() || user.Disabled() {
		return user, err
	}
	now := s.now()
	r, err := s.verification(user.ID, address, "", store.MailLimits{}, now)
	if err != nil {
		return user, err
	}
	return user, s.requestVerification(ctx, a, r, now)
}
