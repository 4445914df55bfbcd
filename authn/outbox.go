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

// RetryMail makes a mail due that waits or has failed, or all that have failed if id is uuid.Nil. It
// returns how many there are, and from when on all of them are tried: now, or at the end of the lease
// of a server that has begun to send one and may have died. It fails with [CodeMailNotFound] when there
// is no mail with the id. A mail whose link has expired is not sent again.
func (s *Service) RetryMail(ctx context.Context, a Actor, id uuid.UUID) (n int, due time.Time, err error) {
	now := s.now()
	n, due, err = s.store.RetryMail(ctx, id, now.Add(retriedFor), a.event(store.ActionMailRetried, now))
	return n, due, mailsChanged(id, n, err)
}

// DropMail ends a mail that waits or has failed, or all that have failed if id is uuid.Nil: they are
// not sent any more. It returns how many there are. It fails with [CodeMailNotFound] when there is no
// mail with the id.
func (s *Service) DropMail(ctx context.Context, a Actor, id uuid.UUID) (int, error) {
	n, err := s.store.DropMail(ctx, id, a.event(store.ActionMailDropped, s.now()))
	return n, mailsChanged(id, n, err)
}

// mailsChanged returns the error of a change of n mails: of all that have failed, if id is uuid.Nil.
func mailsChanged(id uuid.UUID, n int, err error) error {
	if err != nil {
		return fail(err)
	}
	if id != uuid.Nil && n == 0 {
		return refuse(CodeMailNotFound, "no mail "+id.String()+" waits or has failed")
	}
	return nil
}
