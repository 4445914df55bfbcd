package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const lease = 3 * time.Minute

// address returns the verified address of a name.
func address(name string) store.Address {
	return store.Address{Text: "To." + name + "@example.com", Folded: "to." + name + "@example.com", Verified: true}
}

// reader creates a user of that name with a verified address.
func (f *fixture) reader(name string) store.User {
	f.Helper()
	u, err := f.store.CreateUser(f.ctx, store.NewUser{
		ID: uuid.New(), Username: name, Folded: name, PasswordHash: oldHash, CreatedAt: noon, Email: address(name), Locale: "de-CH,de",
	}, event(store.ActionUserCreated, noon))
	f.ok("create user", err)
	return u
}

// notice returns a mail of a kind.
func notice(kind store.MailKind) *store.NewMail {
	id := uuid.New()
	return &store.NewMail{ID: id, Kind: kind, Locale: "fr", MessageID: id.String() + "@example.com", ExpiresAt: noon.Add(72 * time.Hour)}
}

// noticed returns the row of a notice that a change queued by e for u.
func noticed(n *store.NewMail, u store.User, e store.Event) store.Mail {
	m := store.Mail{
		ID: n.ID, Kind: n.Kind, State: store.MailWaiting, UserID: u.ID, Username: u.Username, Recipient: u.Email, Locale: u.Locale,
		MessageID: n.MessageID, CreatedAt: e.At, RemoteAddr: e.RemoteAddr, UserAgent: e.UserAgent, ExpiresAt: n.ExpiresAt, NextAt: e.At,
	}
	if m.Locale == "" {
		m.Locale = n.Locale
	}
	return m
}

// queue queues a notice to u at an instant.
func (f *fixture) queue(u store.User, at time.Time) store.Mail {
	f.Helper()
	n := notice(store.MailPasswordChanged)
	e := about(event(store.ActionPasswordChanged, at), u.ID, uuid.Nil)
	_, err := f.store.SetPassword(f.ctx, u.ID, oldHash, n, e)
	f.ok("set password", err)
	return noticed(n, u, e)
}

// link queues a mail with a link to u at an instant. It and its token expire after half an hour.
func (f *fixture) link(u store.User, at time.Time) store.Mail {
	f.Helper()
	n := notice(store.MailReset)
	n.ExpiresAt = at.Add(20 * time.Minute)
	r := store.ResetRequest{Email: address(u.Username).Folded, Mail: *n, Token: store.NewMailToken{Hash: hashOf(n.MessageID), ExpiresAt: at.Add(30 * time.Minute)}}
	e := event(store.ActionResetRequested, at)
	decision, err := f.store.RequestReset(f.ctx, r, e)
	f.ok("request reset", err)
	equal(f, "decision", decision, store.MailQueued)
	m := noticed(n, u, e)
	m.TokenHash, m.TokenUntil = r.Token.Hash, r.Token.ExpiresAt
	return m
}

func (f *fixture) claimBy(s store.Store, c store.MailClaim) []store.Mail {
	f.Helper()
	c.Until = c.Now.Add(lease)
	if c.Lease == uuid.Nil {
		c.Lease = uuid.New()
	}
	if c.Limit == 0 {
		c.Limit = 10
	}
	mails, err := s.ClaimMail(f.ctx, c)
	f.ok("claim mail", err)
	return mails
}

// claim claims up to ten mails.
func (f *fixture) claim(now time.Time) []store.Mail {
	f.Helper()
	return f.claimBy(f.store, store.MailClaim{Now: now})
}

// record records the result of a try.
func (f *fixture) record(m store.Mail, state store.MailState, at time.Time) bool {
	f.Helper()
	r := store.MailResult{ID: m.ID, Lease: m.Lease, At: at, State: state}
	if state == store.MailWaiting {
		r.NextAt, r.Class, r.Code, r.Enhanced = at.Add(time.Minute), "refused", 451, "4.7.1"
	}
	recorded, err := f.store.RecordMail(f.ctx, r)
	f.ok("record mail", err)
	return recorded
}

// outbox returns the mails in some states, all if there are none, oldest first.
func (f *fixture) outbox(states ...store.MailState) []store.Mail {
	f.Helper()
	mails, _, err := f.store.Mails(f.ctx, store.MailPage{States: states, Limit: 1000})
	f.ok("list mail", err)
	slices.Reverse(mails)
	return mails
}

func idsOfMail(mails []store.Mail) []uuid.UUID {
	ids := []uuid.UUID{}
	for _, m := range mails {
		ids = append(ids, m.ID)
	}
	return ids
}
