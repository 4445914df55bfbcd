package authn

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// retriedFor is how long a mail without a link may be tried again after an operator asks for it.
const retriedFor = 72 * time.Hour

// Mails returns one page of the outbox, newest first, and the key to continue before, zero when
// none is left.
func (s *Service) Mails(ctx context.Context, p store.MailPage) ([]store.Mail, store.MailKey, error) {
	mails, next, err := s.store.Mails(ctx, p)
	if err != nil {
		return nil, store.MailKey{}, fail(err)
	}
	return mails, next, nil
}

// RetryMail makes a mail due that waits or has failed. It fails with [CodeMailNotFound] when there
// is no such mail. A mail whose link has expired is not sent again.
func (s *Service) RetryMail(ctx context.Context, a Actor, id uuid.UUID) error {
	n, err := s.retryMail(ctx, a, id)
	return mailFound(id, n, err)
}

// RetryFailedMail makes every mail due that has failed, and returns how many there are.
func (s *Service) RetryFailedMail(ctx context.Context, a Actor) (int, error) {
	return s.retryMail(ctx, a, uuid.Nil)
}

func (s *Service) retryMail(ctx context.Context, a Actor, id uuid.UUID) (int, error) {
	now := s.now()
	n, err := s.store.RetryMail(ctx, id, now.Add(retriedFor), a.event(store.ActionMailRetried, now))
	if err != nil {
		return 0, fail(err)
	}
	return n, nil
}

// DropMail ends a mail that waits or has failed: it is not sent any more. It fails with
// [CodeMailNotFound] when there is no such mail.
func (s *Service) DropMail(ctx context.Context, a Actor, id uuid.UUID) error {
	n, err := s.dropMail(ctx, a, id)
	return mailFound(id, n, err)
}

// DropFailedMail ends every mail that has failed, and returns how many there are.
func (s *Service) DropFailedMail(ctx context.Context, a Actor) (int, error) {
	return s.dropMail(ctx, a, uuid.Nil)
}

func (s *Service) dropMail(ctx context.Context, a Actor, id uuid.UUID) (int, error) {
	n, err := s.store.DropMail(ctx, id, a.event(store.ActionMailDropped, s.now()))
	if err != nil {
		return 0, fail(err)
	}
	return n, nil
}

func mailFound(id uuid.UUID, n int, err error) error {
	if err == nil && n == 0 {
		return refuse(CodeMailNotFound, "no mail "+id.String()+" waits or has failed")
	}
	return err
}
