package postgres_test

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// outbox calls the methods about mail that is to be sent, twice.
func (p *someone) outbox() {
	p.Helper()
	s := p.store
	for range 2 {
		_, err := s.SetPassword(p.ctx, p.user.ID, p.hash, p.mail(store.MailPasswordChanged), login)
		p.ok(err)
		claimed, err := s.ClaimMail(p.ctx, store.MailClaim{Lease: uuid.New(), Now: at, Until: at.Add(time.Hour), Limit: 1, MaxPerHour: 10, MaxNotices: 5})
		p.ok(err)
		if len(claimed) != 1 {
			p.Fatalf("claimed %d mails, want one", len(claimed))
		}
		recorded, err := s.RecordMail(p.ctx, store.MailResult{ID: claimed[0].ID, Lease: claimed[0].Lease, At: at, State: store.MailFailed})
		p.ok(err)
		if !recorded {
			p.Error("the result was not recorded")
		}
		mails, next, err := s.Mails(p.ctx, store.MailPage{Limit: 1})
		p.ok(err)
		if len(mails) == 1 {
			_, _, err = s.Mails(p.ctx, store.MailPage{Limit: 1, Before: next, States: []store.MailState{store.MailWaiting}})
			p.ok(err)
		}
		for _, id := range []uuid.UUID{claimed[0].ID, uuid.Nil} {
			_, _, err = s.RetryMail(p.ctx, id, at, login)
			p.ok(err)
			_, err = s.DropMail(p.ctx, id, login)
			p.ok(err)
		}
		_, err = s.MailStats(p.ctx)
		p.ok(err)
		_, err = s.DeleteOldMail(p.ctx, at, 10)
		p.ok(err)
		u := store.ImportedUser{NewUser: store.NewUser{ID: uuid.New(), Username: "x", Folded: uuid.NewString(), CreatedAt: at}}
		outcomes, err := s.ImportUsers(p.ctx, []store.ImportedUser{u}, login)
		p.ok(err)
		if outcomes[0] != store.Imported {
			p.Errorf("import: got %s", outcomes[0])
		}
	}
}

// mails calls the methods about addresses and one-time tokens, twice.
func (p *someone) mails() {
	p.Helper()
	s, attempt := p.store, attempt(at)
	for i := range 2 {
		mail := store.NewMail{ID: uuid.New(), Kind: store.MailReset, MessageID: "x@example.com", ExpiresAt: at.Add(time.Hour)}
		token := func(name string) store.NewMailToken {
			return store.NewMailToken{Hash: hashOf(fmt.Sprint(name, i)), ExpiresAt: at.Add(time.Hour)}
		}
		a := store.Address{Text: fmt.Sprintf("%d@example.com", i), Folded: fmt.Sprintf("%d@example.com", i), Verified: true}
		_, err := s.SetEmail(p.ctx, p.user.ID, a, &mail, login)
		p.ok(err)
		_, err = s.UserByEmail(p.ctx, a.Folded)
		p.ok(err)
		_, err = s.IssueReset(p.ctx, p.user.ID, uuid.New(), token("issued"), login)
		p.ok(err)
		mail.ID = uuid.New()
		_, err = s.RequestReset(p.ctx, store.ResetRequest{Email: a.Folded, Mail: mail, Token: token("reset")}, login)
		p.ok(err)
		_, err = s.MailToken(p.ctx, hashOf(fmt.Sprint("reset", i)), at)
		p.ok(err)
		mail.ID = uuid.New()
		next := store.Address{Text: fmt.Sprintf("next%d@example.com", i), Folded: fmt.Sprintf("next%d@example.com", i)}
		_, err = s.RequestVerification(p.ctx, store.VerificationRequest{UserID: p.user.ID, Address: next, Mail: mail, Token: token("verify")}, login)
		p.ok(err)
		_, err = s.PendingEmail(p.ctx, p.user.ID, at)
		p.ok(err)
		mail.ID = uuid.New()
		v, err := s.VerifyEmail(p.ctx, hashOf(fmt.Sprint("verify", i)), &mail, login)
		p.ok(err)
		if v.Outcome != store.Verified {
			p.Errorf("verify: got outcome %d", v.Outcome)
		}
		_, err = s.IssueReset(p.ctx, p.user.ID, uuid.New(), token("last"), login)
		p.ok(err)
		mail.ID = uuid.New()
		_, done, err := s.ResetPassword(p.ctx, hashOf(fmt.Sprint("last", i)), "$argon2id$reset", &mail, login)
		p.ok(err)
		if p.hash = "$argon2id$reset"; !done {
			p.Error("the password was not reset")
		}
		p.user, err = s.RenameUser(p.ctx, p.user.ID, "Alice", fmt.Sprint("alice", i), login)
		p.ok(err)
		c, err := s.CredentialsByID(p.ctx, p.user.ID)
		p.ok(err)
		p.generation = c.Generation
		session, _ := p.signIn("", uuid.Nil)
		_, changed, err := s.ChangePassword(p.ctx, store.PasswordChange{
			UserID: p.user.ID, PasswordHash: p.hash, Hash: p.hash, Generation: c.Generation, Attempt: &attempt,
			SessionID: session, TokenHash: hashOf(fmt.Sprint("changed", i)), Step: 1, ExpiresAt: at.Add(time.Hour),
		}, login)
		p.ok(err)
		if !changed {
			p.Error("the password was not changed")
		}
		_, err = s.DeleteOldMailTokens(p.ctx, at, 10)
		p.ok(err)
	}
}
